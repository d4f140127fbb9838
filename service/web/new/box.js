// The form of a study of a black box: its parameters, what is wished of it, what it must keep.

import { el } from "../kit/dom.js";
import { rows } from "./draft.js";
import { act, choice, group, list, number, text, tick, wrong } from "./fields.js";
import { budgets, designer, name, seed, stopping } from "./shared.js";

const KINDS = [["real", "real"], ["integer", "integer"], ["choice", "choice"]];
const GOALS = [["minimize", "minimize"], ["maximize", "maximize"]];

export function box(definition) {
  const parameters = rows(definition.space?.parameters);
  return [
    group("What is searched", null, name()),
    group("Parameters", "Each proposal gives each of them a value.",
      wrong(["space", "parameters"]),
      parameters.map((each, place) => parameter(each, place, parameters)),
      act("add-parameter", "Add a parameter"),
      lines(["space", "constraints"], definition.space?.constraints, "What every proposal keeps", "x + 2*y <= 1",
        "Expressions over the parameters; no other point is ever proposed."),
      wrong(["space"])),
    group("Objectives", "What a result says of a point. A wish draws the search towards it; a limit must be kept.",
      wrong(["objectives"]),
      rows(definition.objectives).map(objective),
      act("add-objective", "Add an objective"),
      lines(["constraints"], definition.constraints, "What results must keep", "temperature <= 80",
        "Figures that are reported beside the objectives.")),
    budgets("What is used up first ends the study; it can be extended later."),
    el("details", { class: "panel", "data-more": true },
      el("summary", {}, "More: designer, early end"),
      el("div", { class: "fields wide-fields" }, designer(definition), seed()),
      stopping(definition, true),
      wrong(["designer_options"])),
  ];
}

function parameter(each, place, all) {
  const at = ["space", "parameters", place];
  const ends = each.kind === "choice"
    ? [list([...at, "values"], "Values", "Between commas.", { placeholder: "a, b, c" }),
      tick([...at, "ordered"], "Neighbours are alike")]
    : [number([...at, "low"], "From"), number([...at, "high"], "To"), tick([...at, "log"], "Log scale")];
  return el("div", { class: "row-fields", role: "group", "aria-label": `Parameter ${place + 1}` },
    text([...at, "name"], "Parameter"),
    choice([...at, "kind"], "Kind", null, KINDS, each.kind),
    ends,
    condition(each, place, all.slice(0, place)),
    act("remove-parameter", "Remove", { "data-place": place, "aria-label": `Remove parameter ${place + 1}` }),
    wrong(at));
}

/** A parameter may be there only where one before it has certain values. */
function condition(each, place, earlier) {
  const at = ["space", "parameters", place, "when"];
  const named = Object.keys(each.when ?? {});
  if (named.length > 1) return el("p", { class: "help" }, `Only if ${named.join(" and ")} have certain values; see the JSON.`);
  const able = earlier.filter((other) => other.kind !== "real" && other.name);
  if (able.length === 0 && named.length === 0) return null;
  const [now] = named;
  return [
    choice(at, "Only if", null, [["", "always"], ...able.map((other) => [other.name, other.name])], now, { "data-type": "when" }),
    now === undefined ? null : list([...at, now], "is one of", null, { placeholder: "a, b", "data-empty": "[]" }),
  ];
}

function objective(each, place) {
  const at = ["objectives", place];
  const side = each.goal === "maximize" ? "least" : "most";
  return el("div", { class: "row-fields", role: "group", "aria-label": `Objective ${place + 1}` },
    text([...at, "name"], "Objective"),
    choice([...at, "goal"], "Goal", null, GOALS, each.goal, { "data-standard": "minimize" }),
    number([...at, "bound"], `Wish, at ${side}`),
    number([...at, "limit"], `Limit, at ${side}`),
    text([...at, "expression"], "Known as", "Optional; computed from the parameters: 2*x + y"),
    act("remove-objective", "Remove", { "data-place": place, "aria-label": `Remove objective ${place + 1}` }),
    wrong(at));
}

/** A list of texts, one field each. */
const lines = (at, all, title, placeholder, help) =>
  el("div", { class: "lines" },
    el("h3", {}, title), el("p", { class: "help" }, help), wrong(at),
    (Array.isArray(all) ? all : []).map((each, place) =>
      el("div", { class: "row-fields" },
        text([...at, place], "Constraint", null, { placeholder }),
        act("remove-line", "Remove", {
          "data-at-list": JSON.stringify(at), "data-place": place, "aria-label": `Remove constraint ${place + 1}` }))),
    act("add-line", "Add a constraint", { "data-at-list": JSON.stringify(at) }));
