// What mattered in a study, and how its trials lie across objectives and parameters.

import { Chart } from "../charts/chart.js";
import { get, isNetwork, objectivesOf, studyPath } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { NONE } from "../kit/format.js";
import { section, table } from "../kit/parts.js";
import { Filters } from "../study/filters.js";
import { StudyHead } from "../study/head.js";
import { tellWhole } from "../study/whole.js";
import { ParallelChart } from "./parallel.js";

// So much more must have finished before it is computed anew while somebody watches.
const GROWTH = 1.05;

export function parameters({ root, words: [name], query, signal, look, remember }) {
  const path = studyPath(name);
  const head = new StudyHead("/parameters", look);
  const empty = el("div", {});
  const filters = new Filters(query, remember);
  const mattered = new Importance();
  // A forest for each filter would take seconds, and fewer trials say less.
  tellWhole(mattered.whole, filters, "They count all completed trials: the filters do not change them.");
  const parallel = new ParallelChart({ query, filters, remember, look });
  const charts = el("div", { hidden: true },
    section("What mattered", mattered.box), section("Trials across objectives and parameters", parallel.box));
  root.append(head.box, empty, charts);
  let about = null;
  return {
    title: () => `Parameters of ${about.name} · Tinyfront`,
    follows: () => name,
    async refresh() {
      about = await get(path, {}, signal);
      head.show(about);
      charts.hidden = about.finished === 0;
      show(empty, about.finished > 0 ? null
        : el("p", { class: "empty quiet" }, "No trial has finished yet. What mattered is told by the results."));
      if (about.finished === 0) return;
      const fitted = isNetwork(about);
      if (fitted && filters.devices === null) filters.know((await get("/devices", {}, signal)).items);
      const shares = mattered.refresh(path, about, signal);
      // Axes that nobody chose are those that mattered.
      if (parallel.asked.length === 0) await shares;
      await Promise.all([shares, parallel.refresh(path, { objectives: objectivesOf(about), ranked: mattered.names, fitted }, signal)]);
    },
    dispose() {
      mattered.dispose();
      parallel.dispose();
    },
  };
}

/** The shares of the features, a chart for each objective, and all of them as a table. */
class Importance {
  constructor() {
    this.grid = el("div", { class: "importance" });
    this.table = el("div", {});
    this.whole = el("div", {});
    this.box = el("div", {}, this.grid, this.whole,
      el("p", { class: "quiet note" }, "Shares of the variance of each objective among the completed trials. They say what the "
        + "results differ by, not which value is good."),
      el("details", {}, el("summary", {}, "All shares as a table"), this.table));
    this.panels = new Map();
    this.seen = 0;
    this.names = [];
  }

  async refresh(path, study, signal) {
    if (this.seen > 0 && study.finished < this.seen * GROWTH && study.status === "active") return;
    if (this.seen === study.finished) return;
    const { objectives } = await get(`${path}/importance`, {}, signal);
    const figures = await Promise.all(objectives.map(({ name }) =>
      get(`${path}/figures/importance`, { objective: name }, signal)));
    this.seen = study.finished;
    this.names = ranked(objectives);
    show(this.table, sharesTable(objectives, this.names));
    // All of them first: each takes its width from how many there are.
    const panels = objectives.map(({ name }) => this.panel(name));
    for (const [place, { note }] of objectives.entries()) await panels[place].draw(figures[place], note);
  }

  panel(name) {
    if (!this.panels.has(name)) this.panels.set(name, new Panel(this.grid, name));
    return this.panels.get(name);
  }

  dispose() {
    for (const panel of this.panels.values()) panel.chart.dispose();
  }
}

/** The chart of one objective with what a reader must know of it. */
class Panel {
  constructor(grid, name) {
    const canvas = el("div", { class: "chart" });
    this.note = el("p", { class: "quiet note" });
    grid.append(el("div", {}, canvas, this.note));
    this.chart = new Chart(canvas, { label: `What mattered for ${name}; the table below has the same numbers` });
  }

  async draw(figure, note) {
    const some = figure.data[0].x.length > 0;
    // A chart without bars says why by itself.
    this.note.textContent = some ? note : "";
    await this.chart.draw(figure);
  }
}

/** The features by their mean share over the objectives. */
function ranked(objectives) {
  const sums = new Map();
  for (const { features } of objectives) {
    for (const { name, share } of features) sums.set(name, (sums.get(name) ?? 0) + share);
  }
  return [...sums].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}

const percent = (share) => (share === undefined ? NONE : `${(100 * share).toFixed(1)}\u00a0%`);

function sharesTable(objectives, names) {
  const shares = objectives.map(({ features }) => new Map(features.map(({ name, share }) => [name, share])));
  return table({
    label: "Shares of all features",
    tall: true,
    columns: [{ head: "feature", kind: "text" }, ...objectives.map(({ name }) => ({ head: name, kind: "number" }))],
    rows: names.map((name) => [name, ...shares.map((of) => percent(of.get(name)))]),
    empty: "There is nothing to share out yet.",
  });
}
