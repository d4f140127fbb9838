// Fields of the form. Each names the place in the definition that it shows and writes, and says beneath
// what the server found wrong there.

import { el } from "../kit/dom.js";

/** What is wrong, by the place whose field says so; set by the view before it draws. */
export const faults = new Map();

export const slot = (path) => path.join(".");
const idOf = (path) => `new-${path.join("-").replace(/[^\w-]/g, "_")}`;

/** Where the messages about a place stand, beside its field or at the head of its group. */
export const wrong = (path) =>
  el("p", { class: "wrong", id: `${idOf(path)}-wrong`, "data-slot": slot(path) }, faults.get(slot(path)) ?? "");

const common = (path, type) => ({
  id: idOf(path), "data-at": JSON.stringify(path), "data-type": type,
  "aria-invalid": faults.has(slot(path)) ? "true" : null,
  "aria-describedby": `${idOf(path)}-help ${idOf(path)}-wrong`,
});

function framed(path, label, help, control) {
  return el("div", { class: "field" },
    el("label", { for: idOf(path) }, label), control,
    el("p", { class: "help", id: `${idOf(path)}-help` }, help), wrong(path));
}

export const text = (path, label, help = null, more = {}) =>
  framed(path, label, help, el("input", { ...common(path, "text"), autocomplete: "off", spellcheck: "false", ...more }));

export const number = (path, label, help = null, more = {}) =>
  framed(path, label, help,
    el("input", { ...common(path, "number"), inputmode: "decimal", autocomplete: "off", size: "10", ...more }));

/** Values between commas. */
export const list = (path, label, help = null, more = {}) =>
  framed(path, label, help, el("input", { ...common(path, "list"), autocomplete: "off", spellcheck: "false", ...more }));

/**
 * One of some values. `options` are [value, words] or [value, words, disabled]; a value that is none of
 * them, from a definition that was pasted, is offered, too.
 */
export function choice(path, label, help, options, now, more = {}) {
  const known = now === undefined || now === "" || options.some(([value]) => value === now);
  const all = known ? options : [...options, [String(now), String(now)]];
  return framed(path, label, help, el("select", { ...common(path, "text"), ...more }, all.map(([value, words, disabled]) =>
    el("option", { value, disabled: disabled ?? false, selected: value === (now ?? "") }, words))));
}

/**
 * Yes, or nothing at all; `value` is what yes writes. `exact`: any other value is not this yes, else
 * whatever stands there is.
 */
export const tick = (path, label, value = true, exact = false) =>
  el("div", { class: "field tick" },
    el("label", {},
      el("input", { ...common(path, "tick"), type: "checkbox", "data-value": JSON.stringify(value), "data-exact": exact }),
      " ", label),
    wrong(path));

/** What a control says, as it stands in the definition; undefined where it says nothing. */
export function read(control) {
  const { type, value: yes, empty, standard } = control.dataset;
  if (type === "tick") return control.checked ? JSON.parse(yes) : undefined;
  const text = control.value.trim();
  if (text === "") return empty === undefined ? undefined : JSON.parse(empty);
  if (text === standard) return undefined;
  if (type === "number") return numeric(text);
  if (type === "list") return text.split(",").map((part) => scalar(part.trim())).filter((part) => part !== "");
  return text;
}

/** Write into a control what stands in the definition, unless it says that already. */
export function write(control, value) {
  const { type, value: yes, exact, standard } = control.dataset;
  if (type === "tick") control.checked = exact === undefined ? Boolean(value ?? false) : JSON.stringify(value) === yes;
  else if (JSON.stringify(read(control)) === JSON.stringify(value)) return;
  else if (type === "when") control.value = Object.keys(value ?? {})[0] ?? "";
  else if (Array.isArray(value)) control.value = value.map(shown).join(", ");
  else control.value = value ?? standard ?? "";
}

/** A number where it is one; else the text as it is, and the server says what it needs. */
const numeric = (text) => (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : text);

function scalar(text) {
  if (text === "true" || text === "false") return text === "true";
  const quoted = text.match(/^"(.*)"$/);
  return quoted ? quoted[1] : numeric(text);
}

/** A text that would be read as something else is quoted. */
const shown = (value) => (typeof value === "string" && typeof scalar(value) !== "string" ? `"${value}"` : String(value));

/** A group of fields with a head of its own. */
export const group = (title, about, ...children) =>
  el("fieldset", {}, el("legend", {}, title), about ? el("p", { class: "help" }, about) : null, children);

export const act = (name, words, more = {}) =>
  el("button", { type: "button", class: "plain", "data-do": name, ...more }, words);
