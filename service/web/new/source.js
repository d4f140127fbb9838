// The study that is being written as JSON, which can be edited and pasted as a whole, and as code to copy.

import { el, show } from "../kit/dom.js";
import { copied } from "../kit/give.js";
import { isObject } from "./draft.js";
import { command, python } from "./snippets.js";

const FORMS = [["json", "JSON"], ["python", "Python"], ["command", "Command line"]];
const COPIED_MS = 2000;

export class Source {
  /** `changed` is called when the definition was edited here. */
  constructor(draft, changed) {
    this.draft = draft;
    this.changed = changed;
    this.form = "json";
    this.head = el("div", { class: "source-head" });
    this.text = el("textarea", {
      id: "new-json", rows: "22", spellcheck: "false", autocomplete: "off", wrap: "off", "aria-describedby": "new-json-wrong" });
    this.wrong = el("p", { id: "new-json-wrong", class: "wrong", role: "status" });
    this.code = el("pre", { tabindex: "0" });
    this.box = el("section", { class: "source", "aria-label": "The same study as text" },
      this.head, el("label", { class: "unseen", for: "new-json" }, "The definition as JSON"), this.text, this.wrong, this.code);
    this.text.addEventListener("input", () => this.take());
    this.text.addEventListener("blur", () => this.draw());
    this.box.addEventListener("click", (event) => this.press(event.target.closest("[data-source]")?.dataset.source));
  }

  draw() {
    const { draft, form } = this;
    show(this.head,
      el("div", { class: "switches", role: "group", "aria-label": "Form" }, FORMS.map(([name, words]) =>
        el("button", { type: "button", "data-source": name, "aria-pressed": String(name === form) }, words))),
      el("button", { type: "button", class: "plain", "data-source": "copy" }, this.copied ? "Copied" : "Copy"),
      draft.text === null ? null : el("button", { type: "button", class: "plain", "data-source": "back" }, "Back to the form"));
    this.text.hidden = this.wrong.hidden = form !== "json";
    this.code.hidden = form === "json";
    const written = draft.text ?? JSON.stringify(draft.definition, null, 2);
    // Whoever types here is not interrupted by how it would be laid out.
    if (document.activeElement !== this.text && this.text.value !== written) this.text.value = written;
    if (draft.text === null) this.say("");
    else this.judge();
    show(this.code, this.shown());
  }

  shown() {
    if (this.form === "json") return this.text.value;
    if (!hasForm(this.draft.definition)) return "# Correct the JSON first.";
    return (this.form === "python" ? python : command)(this.draft.definition, location.origin);
  }

  /** Read what was typed; the form follows as soon as it is a definition. */
  take() {
    const found = parsed(this.text.value);
    if (found.fault) {
      this.draft.text = this.text.value;
      this.draft.keep();
      this.draw();
    } else {
      this.draft.replace(found.definition);
      this.changed();
    }
  }

  judge() {
    this.say(`${parsed(this.draft.text).fault} The form shows what was written before.`);
  }

  say(words) {
    if (this.wrong.textContent !== words) this.wrong.textContent = words;
    if (words) this.text.setAttribute("aria-invalid", "true");
    else this.text.removeAttribute("aria-invalid");
  }

  press(what) {
    if (what === "copy") this.copy();
    else if (what === "back") {
      this.draft.text = null;
      this.draft.keep();
      this.draw();
    } else if (what) {
      this.form = what;
      this.draw();
    }
  }

  async copy() {
    if (!await copied(this.shown())) {
      // Not on a safe origin, or not allowed: mark it, so that Ctrl-C is enough.
      if (this.form === "json") this.text.select();
      else getSelection().selectAllChildren(this.code);
      return;
    }
    this.copied = true;
    this.draw();
    setTimeout(() => {
      this.copied = false;
      this.draw();
    }, COPIED_MS);
  }

  focus() {
    this.form = "json";
    this.draw();
    this.text.focus();
  }
}

/** Whether a definition has the form that code can be written of; a pasted one may hold anything. */
function hasForm({ space, objectives, constraints = [], training = {}, stopping = {} }) {
  const objects = (value) => Array.isArray(value) && value.every(isObject);
  return objects(objectives) && isObject(space) && objects(space.parameters ?? [])
    && Array.isArray(constraints) && isObject(training) && isObject(stopping);
}

function parsed(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: `Not JSON yet: ${error.message}.` };
  }
  if (!isObject(value)) return { fault: "A definition is an object: {…}." };
  return { definition: value };
}
