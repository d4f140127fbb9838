// What came out of a trial against what was expected of it.

import { el, svg } from "../kit/dom.js";
import { accuracy, count, counted, exact, familyOf, NONE, number } from "../kit/format.js";
import { facts, table } from "../kit/parts.js";

const UNITS = {
  model_size: "B", working_memory: "B", macs: "MACs", instructions: "instructions", latency: "ms", energy: "mJ",
};
const SPAN = 3; // deviations on either side of the mean that the picture shows

export function outcome(trial, objectives) {
  const named = new Set(objectives.map((each) => each.name));
  const figures = trial.predicted_figures ?? {};
  const others = [...new Set([...Object.keys(trial.values), ...Object.keys(figures)])]
    .filter((name) => !named.has(name)).sort();
  const foreseen = trial.prediction !== null || trial.predicted_figures !== null;
  const judged = trial.prediction !== null;
  const bounded = objectives.some((each) => each.bound !== null);
  return [
    el("div", { class: "snug" }, table({
      label: "Objectives",
      columns: [{ head: "objective", kind: "text" }, { head: "result", kind: "number" },
        foreseen ? { head: "predicted", kind: "number" } : null,
        judged ? { head: "result in the prediction", kind: "text" } : null,
        bounded ? { head: "bound", kind: "number" } : null].filter(Boolean),
      rows: objectives.map((each) => [
        el("code", {}, each.name),
        withUnit(trial.values[each.name], each),
        foreseen ? prediction(trial.prediction?.[each.name], figures[each.name], each) : null,
        judged ? within(trial.values[each.name], trial.prediction[each.name]) : null,
        bounded ? bound(trial.values[each.name], each) : null,
      ].filter((cell) => cell !== null)),
      empty: "",
    })),
    others.length === 0 ? null : el("details", { class: "more" },
      el("summary", {}, "More figures"),
      facts(others.map((name) => [name, [
        name in trial.values ? figureOf(name, trial.values[name]) : null,
        name in figures ? ` (predicted ${figureOf(name, figures[name])})` : null,
      ]]))),
  ];
}

/** A figure of a network with its unit. */
export function figureOf(name, value) {
  const unit = UNITS[familyOf(name)];
  if (unit) return `${counted(unit) ? count(value) : number(value, 4)} ${unit}`;
  return name.endsWith("_s") ? `${number(value, 3)} s` : number(value);
}

function withUnit(value, objective) {
  const text = exact(value, objective);
  if (value === null || value === undefined) return text;
  if (objective.unit) return `${text} ${objective.unit}`;
  return objective.accuracy ? `${text} (${accuracy(value)})` : text;
}

function bound(value, objective) {
  if (objective.bound === null) return NONE;
  const kept = objective.goal === "minimize" ? value <= objective.bound : value >= objective.bound;
  const broken = value !== undefined && !kept;
  return [withUnit(objective.bound, objective), broken ? el("span", { class: "badge over" }, "missed") : null];
}

/** What was expected: by a model, or of a pruned network by an even cut; else it was known. */
function prediction(said, figure, objective) {
  if (!said && figure !== undefined) return exact(figure, objective);
  if (!said) return objective.role === "known" ? "known" : NONE;
  return `${exact(said.mean, objective)} ± ${exact(said.sd, objective)}`;
}

/** The prediction as a band of one deviation inside one of two, with the result on it. */
function within(value, said) {
  if (!said || !(said.sd > 0)) return NONE;
  const x = (deviations) => 50 + deviations * (45 / SPAN);
  const z = value === undefined ? null : (value - said.mean) / said.sd;
  const at = z === null ? null : x(Math.max(-SPAN, Math.min(SPAN, z)));
  const words = z === null ? "no result yet" : `${number(Math.abs(z), 2)} sd ${z < 0 ? "below" : "above"} the mean`;
  const far = z !== null && Math.abs(z) > 2;
  return el("span", { class: "within" },
    svg("svg", { viewBox: "0 0 100 16", width: 100, height: 16, "aria-hidden": "true" },
      svg("line", { x1: 5, x2: 95, y1: 8, y2: 8 }),
      svg("rect", { class: "two", x: x(-2), width: x(2) - x(-2), y: 5, height: 6, rx: 2 }),
      svg("rect", { x: x(-1), width: x(1) - x(-1), y: 4, height: 8, rx: 2 }),
      svg("line", { class: "mean", x1: 50, x2: 50, y1: 3, y2: 13 }),
      at === null ? null : svg("circle", { class: far ? "far" : null, cx: at, cy: 8, r: 4 })),
    ` ${words}`);
}
