// The front with its controls: which objectives, log or not, two dimensions or three, what dragging does.

import { canDraw3d } from "../charts/chart.js";
import { PointsChart } from "../charts/points.js";
import { sketch } from "../charts/sketch.js";
import { isNetwork, objectivesOf, Reader, studyPath } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { counted, short } from "../kit/format.js";

const AXES = ["x", "y", "z"];
const HEIGHT = 420;
const LEAST_WIDTH = 280;

export class FrontChart {
  constructor({ query, look, remember, open, filters, picks }) {
    this.look = look;
    this.remember = remember;
    this.filters = filters;
    this.choice = Object.fromEntries(
      ["x", "y", "z", "x_log", "y_log", "z_log", "view"].map((name) => [name, query.get(name)]));
    this.controls = el("form", { class: "controls", "aria-label": "Axes of the front" });
    this.canvas = el("div", { class: "chart" });
    this.note = el("p", { class: "quiet note" });
    this.box = el("div", {}, this.controls, this.canvas, this.note);
    this.reader = new Reader();
    this.chart = new PointsChart(this.canvas, {
      label: "The front; its table below has the same numbers", height: HEIGHT, open,
      pick: (number) => picks.toggle(number),
      brushed: (range, points) => this.brushed(range, points),
      brushing: () => this.steer(),
    });
    this.chart.picked = picks.numbers;
    this.stops = [filters.subscribe(() => this.filter()), picks.subscribe(() => this.chart.mark(picks.numbers))];
    this.controls.addEventListener("change", (event) => this.chosen(event.target));
    this.controls.addEventListener("submit", (event) => event.preventDefault());
    this.controls.addEventListener("click", (event) => {
      if (event.target.closest("[data-brush]")) this.chart.setBrush(!this.chart.brush);
    });
  }

  chosen(control) {
    const value = control.type === "checkbox" ? String(control.checked) : control.value;
    this.choice[control.name] = value;
    // Two axes with one objective would be a line: the other axis takes what this one had.
    for (const other of AXES) {
      if (AXES.includes(control.name) && other !== control.name && this.axes[other]?.name === value) {
        this.choice[other] = this.axes[control.name].name;
      }
    }
    if (control.name === "view") this.chart.clear();
    this.remember(this.choice);
    this.look();
  }

  /** Show the front at once, by what is there already, until Plotly has drawn. */
  begin(study, trials) {
    const objectives = objectivesOf(study);
    if (this.chart.figure || objectives.length < 2 || this.choice.view === "3d") return;
    const [x, y] = this.places(objectives).map((each) => objectives.find(({ name }) => name === each));
    const axis = (each, letter) => ({
      ...each, text: (value) => short(value, { ...each, accuracy: false }),
      log: this.choice[`${letter}_log`] === null ? each.log : this.choice[`${letter}_log`] === "true",
    });
    const points = trials.map(({ number, values }) => ({
      x: values[x.name], y: values[y.name],
      title: [`Trial ${number}`, ...objectives.map((each) => `${each.name} ${short(values[each.name], each)}`)].join("\n"),
    })).filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
    const picture = sketch(points, { x: axis(x, "x"), y: axis(y, "y") },
      Math.max(LEAST_WIDTH, this.canvas.clientWidth - 14), HEIGHT);
    if (picture) this.chart.begin(picture);
  }

  /** As the service chooses: what is known to the right, what is measured upwards. */
  places(objectives) {
    const names = objectives.map((each) => each.name);
    const { x, y } = this.asked(names, ["x", "y"]);
    const of = (role) => objectives.filter((each) => each.role === role).map((each) => each.name);
    const free = (order, other) => order.find((name) => name !== other);
    const right = x ?? free([...of("known"), ...of("measured")], y);
    return [right, y ?? free([...of("measured"), ...of("known")], right)];
  }

  /** Ask for the figure as it is chosen; null if it is the one that is drawn. */
  async ask(study, signal) {
    this.objectives = objectivesOf(study);
    const names = this.objectives.map((each) => each.name);
    const three = this.choice.view === "3d" && names.length >= 3 && canDraw3d();
    const asked = { ...this.asked(names, three ? AXES : AXES.slice(0, 2)), also: this.filters.beside(names, isNetwork(study)) };
    const path = `${studyPath(study.name)}/figures/${three ? "front3d" : "front"}`;
    const figure = await this.reader.get(path, asked, signal);
    return figure === this.chart.figure ? null : { figure, three };
  }

  /** Draw what `ask` has found. */
  async refresh(found) {
    if (found === null) return;
    const { figure, three } = found;
    const { axes, columns, note } = figure.layout.meta;
    this.columns = columns;
    this.axes = Object.fromEntries(axes.map((axis) => [axis.axis, axis]));
    this.three = three;
    this.steer();
    const beside = !three && this.objectives.length >= 3
      ? "Points beside the line are on the front by the objectives that are not drawn." : "";
    this.note.textContent = [beside, note].filter(Boolean).join(" ");
    this.chart.judge = this.judge();
    await this.chart.draw(figure, true);
  }

  steer() {
    if (!this.axes) return;
    const axes = Object.values(this.axes);
    const brush = this.chart.brush;
    show(this.controls,
      this.objectives.length < 2 ? logBox(axes[axes.length - 1])
        : axes.map((axis) => el("span", { class: "axis" }, picker(axis, this.objectives), logBox(axis))),
      this.three ? null : el("button", {
        type: "button", "data-brush": "", "aria-pressed": String(brush),
        title: "Drag a box in the chart: it sets the ranges of its objectives",
      }, "Box filter"),
      this.objectives.length >= 3 && canDraw3d() ? dimensions(this.three) : null);
    // The browser's own state of a control outlives its attributes once it was touched.
    for (const axis of axes) {
      this.set(axis.axis, (control) => { control.value = axis.name; });
      this.set(`${axis.axis}_log`, (control) => { control.checked = axis.log; });
    }
  }

  judge() {
    return this.filters.any ? this.filters.judge((name) => this.columns.indexOf(name)) : null;
  }

  filter() {
    if (!this.columns) return;
    this.chart.filter(this.judge());
    // A figure that the points do not tell: an address may name any.
    if (this.filters.names.some((name) => !this.columns.includes(name))) this.look();
  }

  /** Take over a box that was drawn; null takes away what boxes of these axes have set. */
  brushed(range, points) {
    const named = ["x", "y"].filter((letter) => this.axes[letter]).map((letter) => [letter, this.axes[letter].name]);
    const others = this.filters.ranges.filter((each) => !named.some(([, name]) => name === each.name));
    if (range === null && others.length === this.filters.ranges.length) return;
    this.filters.set({ ranges: [...others, ...named.flatMap(([letter, name]) => {
      if (range === null) return [];
      const column = this.columns.indexOf(name);
      const counts = counted(this.objectives.find((each) => each.name === name).unit);
      const [low, high] = ends(range[letter], points.map((facts) => facts[column]), counts);
      return [{ name, sense: ">=", limit: low }, { name, sense: "<=", limit: high }];
    })] });
  }

  /** The choices that this study can answer; an address may hold any. */
  asked(names, axes) {
    const asked = {};
    for (const axis of axes) {
      const name = this.choice[axis];
      const log = this.choice[`${axis}_log`];
      if (names.includes(name) && !Object.values(asked).includes(name)) asked[axis] = name;
      if (log === "true" || log === "false") asked[`${axis}_log`] = log;
    }
    return asked;
  }

  set(name, change) {
    const control = this.controls.elements.namedItem(name);
    if (control && control !== document.activeElement) change(control);
  }

  dispose() {
    for (const stop of this.stops) stop();
    this.chart.dispose();
  }
}

// Digits of a range that was drawn: nobody means all the digits of a pixel.
const DIGITS = 4;

/** The ends of a box, rounded outwards, and never short of a point that it holds: a log axis draws 0 elsewhere. */
function ends(range, values, counts) {
  const [low, high] = [...range].sort((a, b) => a - b);
  const rounded = (value, towards) => {
    if (value === 0) return 0;
    const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) + 1 - DIGITS);
    const digits = Number((towards(value / unit) * unit).toPrecision(DIGITS));
    return counts ? towards(digits) : digits;
  };
  return [Math.min(rounded(low, Math.floor), ...values), Math.max(rounded(high, Math.ceil), ...values)];
}

const picker = ({ axis, name }, objectives) =>
  el("label", {}, el("span", {}, axis), el("select", { name: axis, "aria-label": `${axis} axis` },
    objectives.map((each) => el("option", { value: each.name, selected: each.name === name }, each.name))));

const logBox = ({ axis, log, can_log: can }) =>
  el("label", { class: "check" },
    el("input", {
      type: "checkbox", name: `${axis}_log`, "aria-label": `${axis} axis logarithmic`, checked: log, disabled: !can,
    }),
    "log");

const dimensions = (three) =>
  el("fieldset", { class: "switch" }, el("legend", { class: "unseen" }, "Dimensions"),
    [["2d", "2D"], ["3d", "3D"]].map(([value, words]) =>
      el("label", {},
        el("input", { type: "radio", name: "view", value, checked: (value === "3d") === three }), words)));
