// Objectives and parameters of the trials as parallel axes. A range drawn on the axis of an objective
// is a filter of the study, and a filter is such a range; ranges of parameters hold on this view only.
// What the other filters leave out, by a board or by a figure that has no axis, is a shadow, as elsewhere.

import { canDraw3d } from "../charts/chart.js";
import { Problem, Reader } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { plural } from "../kit/format.js";
import { chip, table } from "../kit/parts.js";
import { Lines } from "./lines.js";
import { LinesChart } from "./lineschart.js";
import { Ranges } from "./ranges.js";

const WIDE_PX = 700;
// As many as can be read side by side.
const MOST = { wide: 12, narrow: 5 };
const SOME = { wide: 8, narrow: 4 };
const ROWS = 20;

export class ParallelChart {
  constructor({ query, filters, remember, look }) {
    Object.assign(this, { filters, remember, look });
    this.asked = query.getAll("axis");
    this.ranges = new Ranges(query, filters, remember);
    this.picker = el("form", { class: "axes", "aria-label": "Axes" });
    this.chips = el("div", {});
    this.limits = el("form", { class: "limits", "aria-label": "Keep a range of one axis" });
    this.note = el("p", { class: "quiet note" });
    this.rows = el("div", {});
    const canvas = el("div", { class: "chart" });
    this.box = el("div", {}, this.picker, canvas, this.note, this.chips, this.limits, this.rows);
    this.chart = new LinesChart(canvas, {
      label: "Trials across objectives and parameters; the table below has the same numbers", height: 420,
      brushed: () => this.brushed(),
    });
    this.canvas = canvas;
    this.reader = new Reader();
    this.lines = null;
    this.picker.addEventListener("change", (event) => this.pick(event.target));
    this.picker.addEventListener("submit", (event) => event.preventDefault());
    this.chips.addEventListener("click", (event) => {
      const { axis, filter } = event.target.closest("button")?.dataset ?? {};
      if (axis !== undefined) this.keep(axis, null, null);
      else if (filter !== undefined) filters.limit(filter, null, null);
      else if (event.target.closest("button")) filters.set({ device: null });
    });
    this.limits.addEventListener("submit", (event) => this.typed(event));
    this.stop = filters.subscribe(() => this.filtered());
  }

  get width() {
    return this.box.clientWidth < WIDE_PX ? "narrow" : "wide";
  }

  /** The filters have changed; a figure that no line tells yet is asked for. */
  filtered() {
    if (!this.lines) return;
    this.draw();
    if (this.filters.names.some((name) => !this.lines.columns.includes(name))) this.look();
  }

  /** `ranked` are the features by what they mattered; `fitted`: whether a board can be fitted. */
  async refresh(path, { objectives, ranked, fitted }, signal) {
    const some = SOME[this.width];
    const own = objectives.map(({ name }) => name);
    const first = [...own.slice(0, Math.max(1, some - 2)), ...ranked].slice(0, some);
    this.axes = this.asked.length ? this.asked : ranked.length ? first : [];
    // A filter on an objective that is not drawn would hide lines for no reason to be seen.
    const ranged = new Set(this.filters.ranges.map(({ name }) => name));
    const limited = this.axes.length ? [...ranged].filter((name) => own.includes(name) && !this.axes.includes(name)) : [];
    const axis = [...limited, ...this.axes].slice(0, MOST.wide);
    const also = this.filters.beside(own, fitted);
    let figure;
    try {
      figure = await this.reader.get(`${path}/figures/parallel`, { axis, also }, signal);
    } catch (error) {
      // An address may name an axis that this study does not have.
      if (!(error instanceof Problem) || error.status !== 422 || this.asked.length === 0) throw error;
      this.asked = [];
      this.remember({ axis: [] });
      return this.refresh(path, { objectives, ranked, fitted }, signal);
    }
    if (figure === this.lines?.answer) return null;
    this.lines = new Lines(figure, objectives);
    if (this.axes.length === 0 && this.lines.axes.length > some) {
      this.asked = this.lines.axes.slice(0, some).map(({ name }) => name);
      return this.refresh(path, { objectives, ranked, fitted }, signal);
    }
    show(this.picker, this.pickerFields());
    await this.draw();
    return null;
  }

  async draw() {
    const { lines } = this;
    const kept = this.ranges.of(lines.axes);
    const judge = this.filters.judge((name) => lines.columns.indexOf(name));
    const others = this.others();
    show(this.chips, chips(kept, others, lines));
    show(this.limits, limitFields(lines));
    const passing = lines.passing(kept, judge);
    const within = [kept.size > 0 ? "within the ranges" : null, others.length > 0 ? "past the filters" : null];
    this.note.textContent = [
      `${plural(passing.length, "trial")} of ${lines.count} ${within.filter(Boolean).join(" and ")}`.trimEnd() + ".",
      lines.some ? "The front is drawn in colour." : "",
      canDraw3d() ? "Drag along an axis to keep a range of it, click on it to give that up; drag its name to move it." : "This browser does not draw them (WebGL).",
    ].filter(Boolean).join(" ");
    show(this.rows, topRows(lines, passing));
    this.canvas.hidden = !canDraw3d();
    if (!canDraw3d()) return;
    await this.chart.draw(lines.figure(kept, judge));
  }

  /** Filters of the study that no axis shows, each as words and the mark of its button. */
  others() {
    const drawn = new Set(this.lines.axes.filter(({ kind }) => kind === "objective").map(({ name }) => name));
    const { board, device, ranges } = this.filters;
    const names = [...new Set(ranges.map(({ name }) => name))].filter((name) => !drawn.has(name));
    const others = names.map((name) =>
      [this.lines.told(name, ...this.ranges.filtered(name)), { "data-filter": name }]);
    if (device !== null) others.push([board, { "data-device": "" }]);
    return others;
  }

  /** Take over the ranges that the reader has drawn. */
  brushed() {
    const drawn = this.chart.canvas.data[0].dimensions;
    const before = this.ranges.of(this.lines.axes);
    for (const axis of this.lines.axes) {
      const range = drawn.find(({ name }) => name === axis.name)?.constraintrange ?? null;
      if (this.lines.same(axis, range, before.get(axis.name))) continue;
      const [low, high] = this.lines.values(axis, range);
      this.keep(axis.name, low, high);
    }
    const order = drawn.map(({ name }) => name);
    if (order.some((name, place) => name !== this.lines.axes[place].name)) this.choose(order);
  }

  keep(name, low, high) {
    const axis = this.lines.axes.find((each) => each.name === name);
    this.ranges.limit(axis, low, high);
    if (axis.kind !== "objective") this.draw(); // else the filters tell of it
  }

  typed(event) {
    event.preventDefault();
    const { axis, low, high } = this.limits.elements;
    const read = (field) => (field.value.trim() === "" ? null : Number(field.value));
    const ends = [read(low), read(high)];
    const wrong = ends.some(Number.isNaN) ? "Need numbers, or nothing for no end."
      : ends[0] !== null && ends[1] !== null && ends[0] > ends[1] ? "Need the lower end first." : "";
    this.limits.querySelector(".wrong").textContent = wrong;
    if (wrong === "") this.keep(axis.value, ...ends);
  }

  pick(box) {
    const names = this.lines.axes.map(({ name }) => name);
    this.choose(box.checked ? [...names, box.name] : names.filter((name) => name !== box.name));
  }

  /** Draw these axes from left to right. */
  choose(names) {
    this.asked = names;
    this.remember({ axis: names });
    this.look();
  }

  pickerFields() {
    const { axes, offered } = this.lines;
    const drawn = new Set(axes.map(({ name }) => name));
    const most = MOST[this.width];
    const boxes = (kind) => offered.filter((each) => each.kind === kind).map(({ name }) => el("label", {},
      el("input", {
        type: "checkbox", name, checked: drawn.has(name),
        disabled: drawn.has(name) ? drawn.size <= 2 : drawn.size >= most,
      }), name));
    return el("details", {},
      el("summary", {}, `Axes: ${drawn.size} of ${offered.length}${drawn.size >= most ? ", as many as can be read" : ""}`),
      el("fieldset", {}, el("legend", {}, "Objectives"), boxes("objective")),
      el("fieldset", {}, el("legend", {}, "Parameters"), boxes("parameter")));
  }

  dispose() {
    this.stop();
    this.chart.dispose();
  }
}

function chips(kept, others, lines) {
  const all = [...[...kept].map(([name, ends]) => [lines.told(name, ...ends), { "data-axis": name }]), ...others];
  return all.length === 0 ? null : el("ul", { class: "chips", "aria-label": "Ranges that are kept" },
    all.map(([words, of]) => chip(words, `Clear ${words}`, of)));
}

function limitFields(lines) {
  const numbers = lines.axes.filter(({ labels }) => labels.length === 0);
  return [
    el("label", {}, "Axis", el("select", { name: "axis" },
      numbers.map(({ name }) => el("option", { value: name }, name)))),
    el("label", {}, "from", el("input", { name: "low", inputmode: "decimal", autocomplete: "off" })),
    el("label", {}, "to", el("input", { name: "high", inputmode: "decimal", autocomplete: "off" })),
    el("button", { type: "submit" }, "Keep range"),
    el("p", { class: "wrong", role: "alert" }),
  ];
}

function topRows(lines, passing) {
  return table({
    label: "The best trials within the ranges",
    columns: [{ head: "trial", kind: "number" }, ...lines.axes.map(({ name, labels }) =>
      ({ head: name, kind: labels.length ? "text" : "number" }))],
    rows: lines.best(passing).slice(0, ROWS).map((row) => [
      { href: `/trials/${lines.trial(row)}`, text: `${lines.number(row)}` },
      ...lines.axes.map((axis, place) => lines.cell(axis, place, row)),
    ]),
    empty: "No trial lies within these ranges.",
  });
}
