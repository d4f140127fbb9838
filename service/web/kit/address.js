// The address of the page: going somewhere else, and keeping the reader's choices in it.

/** Show another address; `state` is kept with its entry in the history. */
export function go(address, state = null) {
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
  history.pushState(state, "", address);
  window.dispatchEvent(new Event("address")); // page.js shows it
}

/**
 * Keep the reader's choices in the address, without a new entry in the history. A list stands there
 * as one parameter for each of its values; nothing takes a parameter away.
 */
export function remember(parameters) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(parameters)) {
    query.delete(name);
    for (const each of [value].flat()) {
      if (each !== null && each !== undefined && each !== "") query.append(name, each);
    }
  }
  history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}
