// What stands above every view of a study: where it is, its name and state, the way to its other views.

import { studyHref } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { crumbs, pill } from "../kit/parts.js";
import { carried } from "./filters.js";
import { controls } from "./controls.js";

// The part of the address behind the study's own, and what the view is called.
const VIEWS = [
  ["", "Overview"],
  ["/trials", "Trials"],
  ["/parameters", "Parameters"],
  ["/timeline", "Timeline"],
];

/** `view` is the part of the address behind the study's own. */
export const studyHead = (study, view) => [
  crumbs(["Studies", "/"], [study.name]),
  el("div", { class: "title" }, el("h1", {}, study.name), pill(study.status), controls(study)),
  el("nav", { class: "tabs", "aria-label": `Views of ${study.name}` }, el("ul", {}, VIEWS.map(([path, words]) =>
    el("li", {}, el("a", {
      href: `${studyHref(study)}${path}${carried()}`, "data-carries": "", "aria-current": path === view ? "page" : null,
    }, words))))),
];
