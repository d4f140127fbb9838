// The front with its controls: which objectives, log or not, two dimensions or three.

import { canDraw3d, Chart } from "../charts/chart.js";
import { get, objectivesOf, studyPath } from "../kit/api.js";
import { el, show } from "../kit/dom.js";

const AXES = ["x", "y", "z"];

export class FrontChart {
  constructor({ query, look, remember, open }) {
    this.look = look;
    this.remember = remember;
    this.choice = Object.fromEntries(
      ["x", "y", "z", "x_log", "y_log", "z_log", "view"].map((name) => [name, query.get(name)]));
    this.controls = el("form", { class: "controls", "aria-label": "Axes of the front" });
    this.canvas = el("div", { class: "chart" });
    this.note = el("p", { class: "quiet note" });
    this.box = el("div", {}, this.controls, this.canvas, this.note);
    const label = "The front; its table below has the same numbers";
    this.chart = new Chart(this.canvas, { label, height: 420, open });
    this.controls.addEventListener("change", (event) => this.chosen(event.target));
    this.controls.addEventListener("submit", (event) => event.preventDefault());
  }

  chosen(control) {
    const value = control.type === "checkbox" ? String(control.checked) : control.value;
    this.choice[control.name] = value;
    // Two axes with one objective would be a line: the other axis takes what this one had.
    for (const other of AXES) {
      if (AXES.includes(control.name) && other !== control.name && this.axes[other] === value) {
        this.choice[other] = this.axes[control.name];
      }
    }
    if (control.name === "view") this.chart.clear();
    this.remember(this.choice);
    this.look();
  }

  async refresh(study, signal) {
    const objectives = objectivesOf(study);
    const three = this.choice.view === "3d" && objectives.length >= 3 && canDraw3d;
    const asked = this.asked(objectives.map((each) => each.name), three ? AXES : AXES.slice(0, 2));
    const figure = await get(`${studyPath(study.name)}/figures/${three ? "front3d" : "front"}`, asked, signal);
    const { axes } = figure.layout.meta;
    this.axes = Object.fromEntries(axes.map((axis) => [axis.axis, axis.name]));
    show(this.controls, objectives.length < 2 ? logBox(axes[axes.length - 1]) : [
      axes.map((axis) => [picker(axis, objectives), logBox(axis)]),
      objectives.length >= 3 && canDraw3d ? dimensions(three) : null,
    ]);
    // The browser's own state of a control outlives its attributes once it was touched.
    for (const axis of axes) {
      this.set(axis.axis, (control) => { control.value = axis.name; });
      this.set(`${axis.axis}_log`, (control) => { control.checked = axis.log; });
    }
    const beside = !three && objectives.length >= 3
      ? "Points beside the line are on the front by the objectives that are not drawn." : "";
    this.note.textContent = [beside, figure.layout.meta.note].filter(Boolean).join(" ");
    await this.chart.draw(figure);
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
    this.chart.dispose();
  }
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
