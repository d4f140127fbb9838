// Studies that the reader picked to compare; they stay picked while the list is paged and searched.

import { studyRef } from "../kit/api.js";
import { el, show } from "../kit/dom.js";

const STORE = "tinyfront-picked";
const LEAST = 2;
export const MOST = 8; // lines that a chart can show and an eye can tell apart

export class Picked {
  constructor() {
    this.refs = JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
    this.box = el("div", { class: "tray", role: "region", "aria-label": "Studies to compare", hidden: true });
    this.box.addEventListener("click", (event) => {
      if (event.target.closest("[data-clear]")) this.set([]);
    });
    this.draw();
  }

  has(study) {
    return this.refs.includes(studyRef(study));
  }

  toggle(ref) {
    this.set(this.refs.includes(ref) ? this.refs.filter((each) => each !== ref) : [...this.refs, ref]);
  }

  set(refs) {
    this.refs = refs;
    sessionStorage.setItem(STORE, JSON.stringify(refs));
    this.draw();
  }

  draw() {
    const n = this.refs.length;
    this.box.hidden = n === 0;
    const query = new URLSearchParams(this.refs.map((ref) => ["study", ref]));
    show(this.box,
      el("p", {}, el("strong", {}, `${n} picked`), ` ${this.refs.join(", ")}`),
      n < LEAST ? el("span", { class: "quiet" }, "Pick another one to compare.")
        : n > MOST ? el("span", { class: "quiet" }, `Up to ${MOST} can be compared.`)
          : el("a", { class: "button primary", href: `/compare?${query}` }, "Compare hypervolume"),
      el("button", { type: "button", class: "plain", "data-clear": true }, "Clear"));
    for (const tick of document.querySelectorAll("[data-pick]")) tick.checked = this.refs.includes(tick.dataset.pick);
  }
}
