// What was predicted of the trials of a study against what came out, for each measured objective.

import { Chart } from "../charts/chart.js";
import { Reader } from "../kit/api.js";
import { el, show } from "../kit/dom.js";

const FAINT = 0.4; // of the other trials beside the one that is meant

export class Predictions {
  /** `open` is told the trial of a point; `trial` is the id of the one that stands out, or null. */
  constructor({ title, open, trial = null }) {
    this.trial = trial;
    this.objective = null;
    this.seen = null;
    this.reader = new Reader();
    this.note = el("p", { class: "quiet", role: "status" });
    this.canvas = el("div", { class: "chart" });
    this.picker = el("form", { class: "controls", "aria-label": "Which prediction" });
    this.box = el("section", { hidden: true }, el("h2", {}, title), this.picker, this.note, this.canvas);
    this.chart = new Chart(this.canvas, { label: "Results against their predictions", height: 340, open });
    this.picker.addEventListener("submit", (event) => event.preventDefault());
    this.picker.addEventListener("change", (event) => {
      this.objective = event.target.value;
      this.again();
    });
  }

  /** Show the study as it is now. */
  async refresh(study, signal) {
    const names = study.objectives.filter((each) => each.role === "measured").map((each) => each.name);
    if (names.length === 0) return;
    this.objective ??= names[0];
    this.again = () => this.refresh(study, signal).catch(() => {}); // the next look tells of it, too
    const version = JSON.stringify([this.objective, study.finished]);
    if (version === this.seen) return;
    const { objective } = this;
    const figure = await this.reader.get(`/studies/${study.id}/figures/prediction`, { objective }, signal);
    if (objective !== this.objective) return; // another one was picked meanwhile
    this.seen = version;
    this.box.hidden = false;
    show(this.picker, names.length < 2 ? null : el("label", {}, el("span", {}, "objective"),
      el("select", { "aria-label": "Objective" }, names.map((name) =>
        el("option", { value: name, selected: name === objective }, name)))));
    this.note.textContent = figure.layout.meta.note;
    await this.chart.draw({ ...figure, data: figure.data.map((trace) => this.marked(trace)) });
  }

  /** A trace of points in which the trial that is meant stands out. */
  marked(trace) {
    const place = (trace.customdata ?? []).findIndex(([id]) => id === this.trial);
    return place < 0 ? trace : {
      ...trace, selectedpoints: [place],
      selected: { marker: { opacity: 1, size: 11 } }, unselected: { marker: { opacity: FAINT } },
    };
  }

  dispose() {
    this.chart.dispose();
  }
}
