// One study: where it stands, its front, how it grew, what failed.

import { exportAddress, get, objectivesOf, studyPath, trialsHref } from "../kit/api.js";
import { confirmed } from "./confirmed.js";
import { el, show } from "../kit/dom.js";
import { accuracy, count, NONE, number, plural, short, time } from "../kit/format.js";
import { FrontChart } from "./front.js";
import { studyHead } from "./head.js";
import { ChartSection } from "../charts/section.js";
import { Chart } from "../charts/chart.js";
import {
  facts, finishedOf, objectiveCells, objectiveColumns, pill, plainWords, progress, section, table, tile,
} from "../kit/parts.js";
import { trialColumns, trialRow } from "./trials.js";

const LATEST = 8;
const FAILURES = 5;

export function study({ root, words: [name], query, signal, look, remember, go }) {
  const path = studyPath(name);
  const boxes = Object.fromEntries(["head", "front", "grown", "confirmed", "rest"].map((each) => [each, el("div", {})]));
  const chart = new FrontChart({ query, look, remember, open: (id) => go(`/trials/${id}`) });
  const growth = el("div", { class: "chart" });
  const grown = new Chart(growth, { label: "Hypervolume over the finished trials", height: 300 });
  const charts = el("div", { hidden: true },
    el("div", { class: "side" },
      section("Front", chart.box),
      section("Hypervolume", growth, boxes.grown)),
    boxes.front);
  const thinking = new ChartSection("Seconds per proposal", {
    label: "Seconds per proposal over the trials", height: 200, open: (id) => go(`/trials/${id}`),
  });
  root.append(boxes.head, charts, boxes.confirmed, thinking.box, boxes.rest);
  let seen = null;
  let sort = { column: null, down: false };

  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-sort]");
    if (!button) return;
    const column = Number(button.dataset.sort);
    sort = { column, down: sort.column === column && !sort.down };
    show(boxes.front, frontTable(seen.study, seen.front, sort));
  });

  return {
    title: () => `${seen.study.name} · Tinyfront`,
    follows: () => name,
    async refresh() {
      const about = await get(path, {}, signal);
      const [front, latest, failures, held] = await Promise.all([
        get(`${path}/front`, {}, signal),
        get(`${path}/trials`, { limit: LATEST, order: "newest" }, signal),
        recentFailures(path, about, signal),
        about.test_reads === 0 ? null : get(`${path}/confirmed`, {}, signal),
      ]);
      seen = { study: about, front };
      charts.hidden = about.finished === 0;
      show(boxes.head, head(about, front.items));
      show(boxes.front, frontTable(about, front, sort));
      show(boxes.grown, [scale(about), constraints(about)]);
      show(boxes.confirmed, confirmed(about, held));
      show(boxes.rest, rest(about, latest, failures));
      const proposed = latest.items.find((trial) => trial.think_s !== null);
      await thinking.refresh(proposed && `${path}/figures/thinking`, proposed?.number, signal);
      if (about.finished === 0) return;
      await chart.refresh(about, signal);
      const figure = await get(`${path}/figures/hypervolume`, {}, signal);
      await grown.draw(figure);
    },
    dispose() {
      chart.dispose();
      grown.dispose();
      thinking.dispose();
    },
  };
}

async function recentFailures(path, study, signal) {
  const wanted = ["failed", "infeasible"].filter((status) => study.counts[status] > 0);
  const pages = await Promise.all(wanted.map((status) =>
    get(`${path}/trials`, { status, limit: FAILURES, order: "newest" }, signal)));
  return pages.flatMap((page) => page.items).sort((a, b) => b.number - a.number).slice(0, FAILURES);
}

function head(study, front) {
  const objectives = objectivesOf(study);
  const ended = study.ended_reason ? ` (${plainWords(study.ended_reason)})` : "";
  return [
    studyHead(study, ""),
    about(study),
    el("div", { class: "progress" }, progress(study),
      el("p", { class: "under" }, el("strong", {}, finishedOf(study)), ` trials finished${ended}`, counts(study))),
    el("dl", { class: "tiles" },
      tile("front", study.front_size === 0 ? NONE : count(study.front_size), study.front_size === 1 ? "trial" : "trials"),
      tile("hypervolume", number(study.hypervolume, 4), "1 is the ideal point"),
      objectives.map((each, place) =>
        bestTile(study, each, place === 0 ? withinBounds(objectives, front) : null))),
  ];
}

/** The best of the first objective among the trials that keep all bounds; it lies on the front. */
function withinBounds(objectives, front) {
  const bounded = objectives.filter((each) => each.bound !== null);
  if (bounded.length === 0) return null;
  const [first] = objectives;
  const kept = front.filter(({ values }) => bounded.every(({ name, goal, bound }) =>
    (goal === "minimize" ? values[name] <= bound : values[name] >= bound)));
  if (kept.length === 0) return "none within the bounds";
  const value = (first.goal === "minimize" ? Math.min : Math.max)(...kept.map(({ values }) => values[first.name]));
  return `${first.accuracy ? accuracy(value) : short(value, first)} within the bounds`;
}

function bestTile(study, objective, kept) {
  const value = study.best[objective.name];
  const wish = kept ?? (objective.bound === null ? null : `bound ${short(objective.bound, objective)}`);
  const right = objective.accuracy && value !== null ? `${accuracy(value)} accuracy` : null;
  const word = objective.goal === "minimize" ? "least" : "most";
  return tile(`${word} ${objective.name}`, short(value, objective), [right, wish].filter(Boolean).join(" · ") || null);
}

function about(study) {
  const { definition, data } = study;
  const images = data && data.train !== null
    ? `${data.name}: ${(data.shape ?? []).join("×")}, ${plural(data.classes, "class", "classes")}, `
      + `${[data.train, data.validation, data.test].map(count).join(" / ")} to train, validate, test`
    : definition.data;
  return facts([
    ["data", images],
    ["classes", definition.binary == null ? null : `two: labels below ${definition.binary}, and all others`],
    ["device", definition.device],
    ["designer", definition.designer],
    ["stopping", definition.stopping ? `one in ${definition.stopping.eta} goes on` : null],
    ["ends after", budgets(study)],
    ["created", time(study.created_at)],
    ["ended", study.ended_at ? `${time(study.ended_at)}: ${study.ended_because}` : null],
  ]);
}

/** The budgets beside that of trials; what is used up first ends the study. */
const budgets = ({ epochs, epochs_done: done, hours, plateau }) => [
  epochs === null ? null : `${count(done)} of ${plural(epochs, "epoch")}`,
  hours === null ? null : `${number(hours)} h`,
  plateau === null ? null : `${plural(plateau, "trial")} without growth`,
].filter(Boolean).join(" · ");

function counts(study) {
  const here = trialsHref(study);
  const some = Object.entries(study.counts).filter(([, n]) => n > 0);
  return el("span", { class: "counts" }, some.map(([status, n]) =>
    el("a", { href: `${here}?status=${status}`, "data-state": status }, `${count(n)} ${status}`)));
}

function frontTable(study, front, sort) {
  const objectives = objectivesOf(study);
  const items = [...front.items];
  if (sort.column !== null) {
    const value = (trial) => trial.values[objectives[sort.column].name] ?? Infinity;
    items.sort((a, b) => (sort.down ? value(b) - value(a) : value(a) - value(b)));
  }
  // As it comes, the front begins with the best of the first objective.
  const now = sort.column === null ? { column: 0, down: objectives[0].goal === "maximize" } : sort;
  const order = (place) => ({
    sort: place,
    sorted: now.column !== place ? "none" : now.down ? "descending" : "ascending",
  });
  return table({
    label: "The front",
    tall: true,
    columns: [{ head: "trial", kind: "number" }, ...objectiveColumns(objectives, order),
      { head: "by", kind: "text" }, { head: "", kind: "text" }],
    rows: items.map((trial) => [
      { href: `/trials/${trial.id}`, text: `${trial.number}` },
      ...objectiveCells(objectives, trial.values),
      trial.origin ?? trial.designer,
      el("span", { class: "go", "aria-hidden": "true" }, "open →"),
    ]),
    empty: "No trial is on the front yet: none was better than the reference, or none has finished.",
  });
}

function scale(study) {
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

function constraints(study) {
  if (study.constraints.length === 0) return null;
  return el("p", { class: "quiet" }, "Results must keep ", study.constraints.map((each, place) =>
    [place ? "; " : "", el("code", {}, each.name),
      ` ${each.goal === "minimize" ? "≤" : "≥"} ${number(each.limit)}`]), ".");
}

function rest(study, latest, failures) {
  const objectives = objectivesOf(study);
  const here = trialsHref(study);
  return [
    failures.length === 0 ? null : section("Failures",
      el("ul", { class: "failures" }, failures.map((trial) =>
        el("li", {}, el("a", { href: `/trials/${trial.id}` }, `Trial ${trial.number}`), pill(trial.status),
          el("p", { class: "reason" }, trial.reason ?? "no reason was given"))))),
    section("Trials",
      table({
        label: "The latest trials",
        columns: trialColumns(objectives),
        rows: latest.items.map((trial) => trialRow(trial, objectives)),
        empty: study.status === "active"
          ? "No trial yet. A worker that claims one starts the search."
          : "This study has no trials.",
      }),
      el("p", { class: "links" },
        el("a", { href: here }, `All ${plural(latest.total, "trial")}`),
        el("a", { href: exportAddress(study.id, "csv"), download: "" }, "CSV"),
        el("a", { href: exportAddress(study.id, "jsonl"), download: "" }, "JSON lines"))),
  ];
}
