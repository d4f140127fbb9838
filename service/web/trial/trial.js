// One trial: what came out against what was expected, its network, its training, its files.

import { artefactAddress, get, objectivesOf, studyHref, trialsHref } from "../kit/api.js";
import { ChartSection } from "../charts/section.js";
import { el, show, svg } from "../kit/dom.js";
import { accuracy, count, counted, duration, exact, number, quantity, time } from "../kit/format.js";
import { lineage } from "./lineage.js";
import { drawing } from "./network.js";
import { crumbs, facts, folded, pill, section, table } from "../kit/parts.js";

const RUNNING_MS = 2000;
const TRAINED = ["completed", "stopped"];

export function trial({ root, words: [id], signal, look }) {
  const boxes = Object.fromEntries(["head", "network", "rest"].map((each) => [each, el("div", {})]));
  const learning = new ChartSection("Learning curve", { label: "Metrics over the steps of the training", height: 280 });
  const memory = new ChartSection("Memory while it runs", { label: "Live bytes of each operator" });
  root.append(boxes.head,
    el("div", { class: "columns" }, boxes.network, el("div", {}, learning.box, memory.box)),
    boxes.rest);
  let about = null;
  let study = null;
  let again = null;
  let drawn = null;

  async function network(version) {
    if (drawn === version || about.graph === null) return;
    const { nodes, proposed } = await get(`/trials/${id}/network`, {}, signal);
    show(boxes.network, section(proposed ? "Network, as proposed" : "Network",
      proposed ? el("p", { class: "quiet" }, "Pruning takes parts of it away.") : null, drawing(nodes)));
    drawn = version;
  }

  return {
    title: () => `Trial ${about.number} of ${study.name} · Tinyfront`,
    follows: () => study.id,
    async refresh() {
      about = await get(`/trials/${id}`, {}, signal);
      study = await get(`/studies/${about.study_id}`, {}, signal);
      show(boxes.head, head(about, study));
      show(boxes.rest, rest(about));
      // A pruned network is another one when its training has ended.
      const version = about.pruning !== null && TRAINED.includes(about.status) ? "cut" : "whole";
      await network(version);
      await memory.refresh(about.graph && `/trials/${id}/figures/memory`, version, signal);
      const reports = about.reports.length;
      await learning.refresh(reports && `/trials/${id}/figures/learning`, reports, signal);
      clearTimeout(again);
      // Reports are no events: they are too many.
      if (about.status === "running") again = setTimeout(look, RUNNING_MS);
    },
    dispose() {
      clearTimeout(again);
      learning.dispose();
      memory.dispose();
    },
  };
}

function head(trial, study) {
  return [
    crumbs(["Studies", "/"], [study.name, studyHref(study)],
      ["Trials", trialsHref(study)], [`Trial ${trial.number}`]),
    el("div", { class: "title" }, el("h1", {}, `Trial ${trial.number}`), pill(trial.status),
      trial.on_front ? el("span", { class: "badge" }, "on the front") : null,
      trial.feasible === false ? el("span", { class: "badge over" }, "over a limit") : null),
    trial.fallback ? el("p", { class: "quiet" }, `Proposed by ${trial.designer} instead of ${trial.fallback}.`) : null,
    trial.reason ? el("p", { class: "reason boxed", "data-state": trial.status }, trial.reason) : null,
    values(trial, objectivesOf(study)),
    lineage(trial),
  ];
}

function values(trial, objectives) {
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
        bounded ? (each.bound === null ? "–" : withUnit(each.bound, each)) : null,
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

const UNITS = { model_size: "B", working_memory: "B", macs: "MACs", latency: "ms", energy: "mJ" };
export const figureOf = (name, value) => {
  const unit = UNITS[name.split(":")[0]];
  if (unit) return `${counted(unit) ? count(value) : number(value, 4)} ${unit}`;
  return name.endsWith("_s") ? `${number(value, 3)} s` : number(value);
};

function withUnit(value, objective) {
  const text = exact(value, objective);
  if (value === null || value === undefined) return text;
  if (objective.unit) return `${text} ${objective.unit}`;
  return objective.accuracy ? `${text} (${accuracy(value)})` : text;
}

/** What was expected: by a model, or of a pruned network by an even cut; else it was known. */
function prediction(said, figure, objective) {
  if (!said && figure !== undefined) return exact(figure, objective);
  if (!said) return objective.role === "known" ? "known" : "–";
  return `${exact(said.mean, objective)} ± ${exact(said.sd, objective)}`;
}

/** Where the result lies between mean - 3 sd and mean + 3 sd. */
function within(value, said) {
  if (!said || value === undefined || !(said.sd > 0)) return "–";
  const z = (value - said.mean) / said.sd;
  const at = 50 + Math.max(-3, Math.min(3, z)) * 15;
  const words = `${number(Math.abs(z), 2)} sd ${z < 0 ? "below" : "above"} the mean`;
  return el("span", { class: "within" },
    svg("svg", { viewBox: "0 0 100 16", width: 100, height: 16, "aria-hidden": "true" },
      svg("line", { x1: 5, x2: 95, y1: 8, y2: 8 }),
      svg("rect", { x: 35, width: 30, y: 4, height: 8, rx: 2 }),
      svg("circle", { cx: at, cy: 8, r: 4 })),
    ` ${words}`);
}

function rest(trial) {
  const details = Object.entries(trial.details ?? {}).filter(([name]) => !(name in trial));
  const nested = details.filter(([, value]) => value !== null && typeof value === "object");
  const plain = details.filter((entry) => !nested.includes(entry));
  return [
    section("Origin", facts([
      ["designer", trial.designer], ["origin", trial.origin],
      ["proposed in", trial.think_s === null ? null : `${number(trial.think_s, 3)} s`], ["purpose", trial.purpose],
      ["replicate", trial.replicate || null], ["worker", trial.worker],
      ["waits for a worker that can", trial.status === "queued" ? trial.needs.join(", ") : null],
      ["created", time(trial.created_at)], ["finished", trial.finished_at ? time(trial.finished_at) : null],
      ...Object.entries(trial.training ?? {}).map(([name, value]) => [name, detail(value)]),
      ...plain.map(([name, value]) => [name, detail(value)]),
    ]),
    nested.length === 0 ? null : folded("More of the designer", Object.fromEntries(nested)),
    folded("The proposal as JSON", trial.point),
    trial.graph ? folded("The network as JSON", trial.graph) : null),
    section("Attempts", attempts(trial)),
    section("Files", files(trial)),
  ];
}

// Whole numbers as they are: a seed has no thousands.
const detail = (value) => {
  if (value === null) return null;
  return typeof value === "number" && !Number.isInteger(value) ? number(value) : String(value);
};

const attempts = (trial) => table({
  label: "Attempts",
  columns: [{ head: "attempt", kind: "number" }, { head: "outcome", kind: "text" }, { head: "worker", kind: "text" },
    { head: "started", kind: "text" }, { head: "took", kind: "number" }, { head: "reason", kind: "text reason" }],
  rows: trial.attempts_list.map((each) => [
    `${each.number}`, pill(each.outcome ?? "running"), each.worker, time(each.started_at),
    duration(each.started_at, each.ended_at), each.reason ?? "–",
  ]),
  empty: "No worker has tried it yet.",
});

const files = (trial) => table({
  label: "Files",
  columns: [{ head: "file", kind: "text" }, { head: "size", kind: "number" }, { head: "SHA-256", kind: "text wide" }],
  rows: trial.artefacts.map((each) => [
    el("a", { href: artefactAddress(trial.id, each.name), download: each.name }, each.name),
    quantity(each.size_bytes, "B"), el("code", {}, `${each.sha256.slice(0, 16)}…`),
  ]),
  empty: ["queued", "running"].includes(trial.status)
    ? "The worker uploads its files at the end." : "The worker left no files.",
});
