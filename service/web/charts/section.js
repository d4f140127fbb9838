// A section of a page that holds a chart.

import { Reader } from "../kit/api.js";
import { Chart } from "./chart.js";
import { el } from "../kit/dom.js";

/** A chart that is there only if it has something to show, read again only when `version` changes. */
export class ChartSection {
  constructor(title, options) {
    this.canvas = el("div", { class: "chart" });
    this.note = el("p", { class: "quiet" });
    this.box = el("section", { hidden: true }, el("h2", {}, title), this.note, this.canvas);
    this.chart = new Chart(this.canvas, options);
    this.version = null;
    this.reader = new Reader();
  }

  async refresh(address, version, signal) {
    if (!address || version === this.version) return;
    const figure = await this.reader.get(address, {}, signal);
    this.version = version;
    this.box.hidden = false;
    this.note.textContent = figure.layout.meta?.note ?? "";
    this.note.hidden = this.note.textContent === "";
    await this.chart.draw(figure);
  }

  dispose() {
    this.chart.dispose();
  }
}
