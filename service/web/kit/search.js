// The field that searches a list by name.

import { el } from "./dom.js";

// While somebody types a name, the server is asked only when the hand rests.
const REST_MS = 250;

/** The field with its label; `changed` is told what stands in it, until `signal` is aborted. */
export function search(text, changed, signal) {
  const field = el("input", {
    type: "search", id: "search", maxlength: "64", value: text, placeholder: "Part of a name",
    spellcheck: "false", autocomplete: "off", "aria-keyshortcuts": "/",
  });
  let rest = null;
  field.addEventListener("input", () => {
    clearTimeout(rest);
    rest = setTimeout(() => changed(field.value.trim()), REST_MS);
  });
  signal.addEventListener("abort", () => clearTimeout(rest));
  return [el("label", { class: "unseen", for: "search" }, "Search by name"), field];
}
