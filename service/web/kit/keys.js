// Keys that lead somewhere. A single letter does nothing while somebody types, or where it is switched off.

import { go } from "./address.js";
import { el } from "./dom.js";
import { mayChange } from "./session.js";

const STORE = "tinyfront-keys";

const KEYS = [
  ["/", "Search in this view", () => search()],
  ["s", "All studies", () => visit("/")],
  ["w", "Workers", () => visit("/workers")],
  ["n", "New study", () => mayChange() && visit("/new")],
  ["?", "Show these keys", () => help()],
];

const on = () => localStorage.getItem(STORE) !== "off";

function visit(address) {
  go(address);
  return true;
}

function search() {
  const field = document.querySelector("main input[type=search]");
  field?.focus();
  field?.select();
  return field !== null;
}

/** Show all keys, and the switch that turns them off. */
export function help() {
  const toggle = el("input", { type: "checkbox", id: "keys-on" });
  toggle.checked = on();
  toggle.addEventListener("change", () => localStorage.setItem(STORE, toggle.checked ? "on" : "off"));
  const dialog = el("dialog", { class: "ask", "aria-labelledby": "keys-title" },
    el("form", { method: "dialog" },
      el("h2", { id: "keys-title" }, "Keys"),
      el("dl", { class: "keys" }, KEYS.map(([key, words]) =>
        el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, words)))),
      el("label", { class: "check" }, toggle, " Single keys do this when nothing is being typed"),
      el("div", { class: "row" }, el("button", { type: "submit", class: "primary" }, "Close"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return true;
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (!on() || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const found = KEYS.find(([key]) => key === event.key);
    if (found?.[2]()) event.preventDefault();
  });
}
