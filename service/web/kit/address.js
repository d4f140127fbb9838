// The address of the page: going somewhere else, and keeping the reader's choices in it.

/** Show another address; `state` is kept with its entry in the history. */
export function go(address, state = null) {
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
  history.pushState(state, "", address);
  window.dispatchEvent(new Event("address")); // page.js shows it
}

/** Keep the reader's choices in the address, without a new entry in the history. */
export function remember(parameters) {
  history.replaceState(history.state, "", withQuery(location.pathname, parameters, location.search));
}

/**
 * An address with parameters, beside those of a query that it has `already`. A list stands there as
 * one parameter for each of its values; nothing takes a parameter away.
 */
export function withQuery(path, parameters, already = "") {
  const query = new URLSearchParams(already);
  for (const [name, value] of Object.entries(parameters)) {
    query.delete(name);
    for (const each of [value].flat()) {
      if (each !== null && each !== undefined && each !== "") query.append(name, each);
    }
  }
  return `${path}${query.size ? `?${query}` : ""}`;
}
