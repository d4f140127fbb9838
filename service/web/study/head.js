// What stands above every view of a study: where it is, its name and state, the way to its other views.

import { studyHref } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { crumbs, pill } from "../kit/parts.js";
import { controls, DO } from "./controls.js";
import { carried } from "./filters.js";

// The part of the address behind the study's own, and what the view is called.
const VIEWS = [
  ["", "Overview"],
  ["/trials", "Trials"],
  ["/parameters", "Parameters"],
  ["/timeline", "Timeline"],
];

export class StudyHead {
  /** `view` is the part of the address behind the study's own; `look` reads the study anew. */
  constructor(view, look) {
    this.view = view;
    this.study = null; // as it was read last
    this.box = el("div", {});
    this.box.addEventListener("click", ({ target }) => {
      const what = target.closest("[data-steer]")?.dataset.steer;
      if (what) DO[what](this.study, look);
    });
  }

  show(study) {
    this.study = study;
    show(this.box,
      crumbs(["Studies", "/"], [study.name]),
      el("div", { class: "title" }, el("h1", {}, study.name), pill(study.status), controls(study)),
      el("nav", { class: "tabs", "aria-label": `Views of ${study.name}` }, el("ul", {}, VIEWS.map(([path, words]) =>
        el("li", {}, el("a", {
          href: `${studyHref(study)}${path}${carried()}`, "data-carries": "",
          "aria-current": path === this.view ? "page" : null,
        }, words))))));
  }
}
