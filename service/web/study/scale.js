// The words below the hypervolume: in which scale it is measured, and what results must keep.

import { objectivesOf } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { number, short } from "../kit/format.js";

export function scale(study) {
  const objectives = objectivesOf(study);
  if (objectives.some((each) => each.reference === null)) {
    return el("p", { class: "quiet" },
      "The scale is fixed after the first trials; until then there is no hypervolume.");
  }
  return el("p", { class: "quiet" }, "From the reference (0) to the ideal (1): ",
    objectives.map((each, place) => [place ? "; " : "", el("code", {}, each.name),
      ` ${short(each.reference, each)} to ${short(each.ideal, each)}${each.log ? ", log" : ""}`,
      ` (${origin(each)})`]), ".");
}

/** Who said where the scale lies. */
function origin({ ideal_given: ideal, reference_given: reference }) {
  if (ideal === reference) return ideal ? "given" : "inferred";
  return ideal ? "ideal given, reference inferred" : "reference given, ideal inferred";
}

export function constraints(study) {
  if (study.constraints.length === 0) return null;
  return el("p", { class: "quiet" }, "Results must keep ", study.constraints.map((each, place) =>
    [place ? "; " : "", el("code", {}, each.name),
      ` ${each.goal === "minimize" ? "≤" : "≥"} ${number(each.limit)}`]), ".");
}
