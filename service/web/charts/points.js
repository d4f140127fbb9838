// A chart of trials: some of them pass the filters, some are picked, a box drawn with the pointer is told.

import { Chart, CONFIG } from "./chart.js";
import { Veil } from "./veil.js";

const CONFIG_BRUSH = {
  ...CONFIG, modeBarButtons: [["zoom2d", "select2d", "pan2d", "resetScale2d", "toImage"]],
};
// What the filters leave out stays as a shadow, so that the shape of the whole remains.
const SHADOW = 0.1;
const RING = { color: "rgba(0,0,0,0)", size: 16 };
const BUBBLE = 2; // in space Plotly takes a list of sizes for diameters, one size for a radius
const NUMBER = 1; // the place of a trial's number in `customdata`, behind its id
// So long Plotly waits with following a filter: another one may come, and nothing shall hold that up.
const CALM_MS = 250;

const isPoints = (trace) => trace.mode === "markers" && trace.customdata;

/** `pick` is told the number of a trial clicked on with Shift, `brushed` the box and the points in it. */
export class PointsChart extends Chart {
  constructor(box, { pick, brushed, brushing, ...options }) {
    super(box, options);
    this.pick = pick;
    this.brushed = brushed;
    this.brushing = brushing; // told whether dragging draws a box
    this.brush = false;
    this.judge = null; // tells of a row of customdata whether it passes; null: all do
    this.picked = [];
    this.turn = 0;
    this.veil = new Veil(this.canvas);
    this.calm = null;
    // A drag or a turn of the wheel moves what Plotly has drawn.
    for (const kind of ["pointerdown", "wheel"]) {
      this.canvas.addEventListener(kind, () => this.veil.up && this.follow(), { capture: true, passive: true });
    }
  }

  /** The places of the points of a trace that pass; null if there is nothing to dim. */
  chosen(trace) {
    return this.judge === null ? null : this.split(trace)[0];
  }

  /** The places of the points of a trace that pass, and of those that do not. */
  split({ customdata }) {
    const [passing, others] = [[], []];
    for (let at = 0; at < customdata.length; at += 1) {
      (this.judge === null || this.judge(customdata[at]) ? passing : others).push(at);
    }
    return [passing, others];
  }

  dressed(figure, colours) {
    this.rest(); // it follows the filter already
    const { data, layout, config } = super.dressed(figure, colours);
    const space = Boolean(layout.scene);
    const traces = data.map((trace) => {
      if (!isPoints(trace)) return trace;
      return space ? this.inSpace(trace, colours) : {
        ...trace, selectedpoints: this.chosen(trace), unselected: { marker: { opacity: SHADOW } },
        selected: { marker: { opacity: trace.marker.opacity } },
      };
    });
    const rings = this.rings(data, space, colours);
    if (rings) traces.push(rings);
    return {
      data: traces,
      layout: space ? layout : { ...layout, dragmode: this.mode, selectionrevision: this.turn, selections: [] },
      config: space ? config : CONFIG_BRUSH,
    };
  }

  get mode() {
    return this.brush ? "select" : "zoom";
  }

  /** In space Plotly has no selection, and what is see-through tears holes: a shadow is small and pale. */
  inSpace(trace, colours) {
    if (this.judge === null) return trace;
    const passing = trace.customdata.map(this.judge);
    const { color, size } = trace.marker;
    return { ...trace, marker: {
      ...trace.marker, color: passing.map((each) => (each ? color : colours.line)),
      size: passing.map((each) => BUBBLE * (each ? size : size / 2)),
    } };
  }

  /** Rings around the trials that are picked. */
  rings(data, space, colours) {
    const found = data.filter(isPoints).flatMap((trace) => trace.customdata.flatMap((facts, at) =>
      (this.picked.includes(facts[NUMBER]) ? [[trace, at]] : [])));
    if (found.length === 0) return null;
    const column = (name) => found.map(([trace, at]) => trace[name][at]);
    const places = space ? { x: column("x"), y: column("y"), z: column("z") } : { x: column("x"), y: column("y") };
    const marker = space ? { symbol: "circle-open", color: colours.text, size: 7 }
      : { ...RING, line: { color: colours.text, width: 2 } };
    return {
      ...places, type: found[0][0].type, mode: "markers", marker, meta: { role: "picked" },
      name: "picked", hoverinfo: "skip", showlegend: false,
    };
  }

  /** Dim what does not pass: at once by a picture of our own if there are many, and by Plotly when that was seen. */
  async filter(judge) {
    this.judge = judge;
    this.turn += 1;
    if (!this.figure) return;
    if (this.figure.layout.scene) await this.repaint();
    else if (this.cover()) {
      clearTimeout(this.calm);
      this.calm = setTimeout(() => this.follow(), CALM_MS);
    } else await this.follow();
  }

  /** Lay a picture of what passes over a crowd; false if Plotly is as fast, or there is no such picture. */
  cover() {
    const shown = this.canvas.data.filter(({ visible, x }) => visible !== "legendonly" && x.length > 0);
    if (!shown.some(({ type }) => type === "scattergl")) return false;
    const below = [];
    const above = [];
    for (const trace of shown) {
      const opacity = trace.marker?.opacity ?? 1;
      if (!isPoints(trace)) below.push({ trace, at: null, opacity });
      else {
        const [passing, others] = this.split(trace);
        below.push({ trace, at: others, opacity: SHADOW });
        above.push({ trace, at: passing, opacity });
      }
    }
    return this.veil.show([...below, ...above]);
  }

  /** Let Plotly dim what does not pass, without drawing anew what stays. */
  async follow() {
    this.rest();
    const at = this.canvas.data.flatMap((trace, place) => (isPoints(trace) ? [place] : []));
    const selectedpoints = at.map((place) => this.chosen(this.canvas.data[place]));
    // The outline of a box goes: from now on its chips stand for it. Without one, the layout stays untouched.
    if (this.canvas.layout.selections?.length) {
      await this.during(window.Plotly.update(this.canvas, { selectedpoints }, { selections: [] }, at));
    } else await this.during(window.Plotly.restyle(this.canvas, { selectedpoints }, at));
  }

  async mark(picked) {
    this.picked = picked;
    await this.repaint();
  }

  /** Let dragging draw a box, or zoom. */
  async setBrush(on) {
    this.brush = on;
    this.brushing(on);
    if (this.figure && !this.figure.layout.scene) {
      await this.during(window.Plotly.relayout(this.canvas, { dragmode: this.mode }));
    }
  }

  wire() {
    super.wire();
    this.canvas.on("plotly_selected", (event) => {
      if (event?.range?.y) this.brushed(event.range, event.points.map(({ customdata }) => customdata).filter(Boolean));
    });
    this.canvas.on("plotly_deselect", () => this.brushed(null, []));
    this.canvas.on("plotly_afterplot", () => this.drawnAnew());
    this.canvas.on("plotly_relayout", ({ dragmode }) => {
      if (dragmode === undefined || (dragmode === "select") === this.brush) return;
      this.brush = dragmode === "select";
      this.brushing(this.brush);
    });
  }

  /** Plotly has drawn: what was laid over it goes, and if a filter is still to be followed, that is next. */
  drawnAnew() {
    if (this.calm !== null) this.follow();
    else this.veil.lift();
  }

  /** Nothing is to be followed any more. */
  rest() {
    clearTimeout(this.calm);
    this.calm = null;
  }

  clear() {
    this.rest();
    this.veil.lift();
    super.clear();
  }

  clicked(facts, event) {
    if (event?.shiftKey) this.pick(facts[NUMBER]);
    else super.clicked(facts);
  }
}
