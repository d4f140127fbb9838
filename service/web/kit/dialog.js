// A dialog over the page: it asks before something is done, or for the little that is needed for it.

import { Away, Problem } from "./api.js";
import { el } from "./dom.js";

/**
 * Ask. `act` is called with the form's values when the reader agrees; while it fails, the dialog stays
 * and says why, beside the field if that is known.
 *
 * `fields` are those of `field()`. `ready` tells from the values whether there is anything to agree to.
 */
export function ask({ title, body = [], fields = [], agree, refuse = "Cancel", danger = false, act, ready = () => true }) {
  const wrong = el("p", { class: "wrong", role: "alert" });
  const yes = el("button", { type: "submit", class: danger ? "danger" : "primary" }, agree);
  const no = el("button", { type: "button" }, refuse);
  const form = el("form", { method: "dialog" },
    el("h2", { id: "dialog-title" }, title), body, fields.map(({ box }) => box), wrong,
    el("div", { class: "row" }, no, yes));
  const dialog = el("dialog", { class: "ask", "aria-labelledby": "dialog-title" }, form);
  const values = () => Object.fromEntries(fields.map(({ name, input }) => [name, input.value.trim()]));
  const judge = () => {
    yes.disabled = !ready(values());
  };
  form.addEventListener("input", judge);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (yes.disabled) return;
    yes.disabled = true;
    fields.forEach((field) => field.mark(""));
    wrong.textContent = "";
    try {
      await act(values());
      dialog.close();
    } catch (error) {
      const place = fields.find(({ name }) => error instanceof Problem && name === error.field);
      if (place) place.mark(words(error));
      else wrong.textContent = words(error);
      (place?.input ?? no).focus();
    } finally {
      judge();
    }
  });
  no.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  judge();
  dialog.showModal();
  return dialog;
}

/** A field of a dialog with its name, its help and what is wrong with it. */
export function field({ name, label, help = null, value = "", numeric = false }) {
  const input = el("input", {
    id: `ask-${name}`, name, value, autocomplete: "off", spellcheck: "false", maxlength: "64",
    inputmode: numeric ? "decimal" : null, "aria-describedby": `ask-${name}-help ask-${name}-wrong`,
  });
  const wrong = el("p", { id: `ask-${name}-wrong`, class: "wrong" });
  const box = el("div", { class: "field" },
    el("label", { for: input.id }, label), input, el("p", { id: `ask-${name}-help`, class: "help" }, help), wrong);
  return {
    name, input, box,
    mark(text) {
      wrong.textContent = text;
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

/** What a failure is in words, with what would help. */
export function words(error) {
  if (error instanceof Problem) return [error.message, error.remedy].filter(Boolean).join(" ");
  if (error instanceof Away) return "The server does not answer. Nothing is known to have changed; try again.";
  throw error;
}
