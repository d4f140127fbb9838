// The figure of parallel axes, read back: where a trial lies in the units of its values.

import { exact, NONE, number } from "../kit/format.js";

// Of the length of an axis: what a range drawn to the very end may miss of it.
const END = 0.01;
// Plotly lets ranges end at ticks only, so an axis of numbers has this many more, without words.
const STEPS = 200;
// The colour of a line that does not pass, below all others, as a number.
const SHADOW = -1;

export class Lines {
  constructor(figure, objectives) {
    this.answer = figure;
    const { meta } = figure.layout;
    this.axes = meta.axes;
    this.offered = meta.offered;
    this.count = meta.count;
    this.columns = meta.columns; // what customdata tells of a trial
    this.some = meta.front > 0;
    [this.trace] = figure.data;
    this.objectives = new Map(objectives.map((each) => [each.name, each]));
  }

  trial = (row) => this.trace.customdata[row][0];

  number = (row) => this.trace.customdata[row][1];

  /** The value of a trial on an axis; null where it has none. */
  value(axis, place, row) {
    const at = this.trace.dimensions[place].values[row];
    if (axis.none !== null && at === axis.none) return null;
    return axis.log ? 10 ** at : at;
  }

  cell(axis, place, row) {
    const value = this.value(axis, place, row);
    if (value === null) return NONE;
    return this.written(axis, value);
  }

  written(axis, value) {
    if (axis.labels.length) return axis.labels[Math.round(value)] ?? NONE;
    const objective = this.objectives.get(axis.name);
    // Through the logarithm and back, a whole number is whole but for its last digits.
    const near = axis.log ? Number(value.toPrecision(10)) : value;
    return axis.kind === "objective" && objective ? exact(near, objective) : number(near, 4);
  }

  told(name, low, high) {
    const axis = this.axes.find((each) => each.name === name);
    const text = (value) => (axis ? this.written(axis, value) : number(value, 4));
    if (axis?.labels.length) {
      const words = axis.labels.filter((_, at) => at >= (low ?? 0) && at <= (high ?? Infinity));
      return `${name}: ${words.join(", ")}`;
    }
    if (low === null) return `${name} ≤ ${text(high)}`;
    return high === null ? `${name} ≥ ${text(low)}` : `${name} ${text(low)} to ${text(high)}`;
  }

  /** The rows within all ranges, by the name of their axis, that also pass `judge`. */
  passing(kept, judge) {
    const limits = this.axes.flatMap((axis, place) => (kept.has(axis.name) ? [[axis, place, ...kept.get(axis.name)]] : []));
    const rows = [...this.trace.customdata.keys()];
    return rows.filter((row) => judge(this.trace.customdata[row]) && limits.every(([axis, place, low, high]) => {
      const value = this.value(axis, place, row);
      return value !== null && (low === null || value >= low * (1 - 1e-12)) && (high === null || value <= high * (1 + 1e-12));
    }));
  }

  /** Rows by the first axis of an objective, the best first. */
  best(rows) {
    const place = this.axes.findIndex(({ kind }) => kind === "objective");
    if (place < 0) return rows.toReversed();
    const sign = this.objectives.get(this.axes[place].name)?.goal === "maximize" ? -1 : 1;
    const { values } = this.trace.dimensions[place];
    return rows.toSorted((a, b) => sign * (values[a] - values[b]));
  }

  /** The figure with these ranges on its axes; what does not pass `judge` is drawn as a shadow. */
  figure(kept, judge) {
    const dimensions = this.trace.dimensions.map((dimension, place) => {
      const axis = this.axes[place];
      const ends = kept.get(axis.name);
      return { ...dimension, ...fine(axis, dimension), ...(ends ? { constraintrange: this.range(axis, ends) } : {}) };
    });
    return { ...this.answer, data: [{ ...this.trace, dimensions, line: this.shaded(judge) }] };
  }

  /** Plotly dims what lies beyond a range; what another filter leaves out has a colour of its own. */
  shaded(judge) {
    const { line, customdata } = this.trace;
    const passing = customdata.map(judge);
    if (passing.every(Boolean)) return line;
    const color = line.color.map((role, row) => (passing[row] ? role : SHADOW));
    const whole = line.cmax - SHADOW;
    const place = (at) => (line.cmin + at * (line.cmax - line.cmin) - SHADOW) / whole;
    const colorscale = [[0, line.colorscale[0][1]], ...line.colorscale.map(([at, of]) => [place(at), of])];
    return { ...line, color, cmin: SHADOW, colorscale };
  }

  /** Where two ends lie on an axis; an end that is open lies at that of the axis. */
  range(axis, [low, high]) {
    const place = (value) => (axis.log ? Math.log10(Math.max(value, Number.MIN_VALUE)) : value);
    const wide = axis.labels.length ? 0.3 : 0;
    const [first, last] = axis.range;
    return [low === null ? first : place(low) - wide, high === null ? last : place(high) + wide];
  }

  /** The values of a range drawn on an axis, rounded as a reader could have meant them. */
  values(axis, range) {
    if (!range) return [null, null];
    const [first, last] = axis.range;
    const slack = END * (last - first);
    const [low, high] = range;
    if (axis.labels.length) return [Math.ceil(low), Math.floor(high)];
    const value = (at) => (axis.whole ? Math.round(axis.log ? 10 ** at : at) : Number((axis.log ? 10 ** at : at).toPrecision(4)));
    return [low <= first + slack ? null : value(low), high >= last - slack ? null : value(high)];
  }

  /** Whether a range drawn on an axis is the one that is kept already. */
  same(axis, range, ends) {
    if (!range || !ends) return !range && !ends;
    const kept = this.range(axis, ends);
    const slack = 1e-6 * (axis.range[1] - axis.range[0]);
    return range.every((at, end) => Math.abs(at - kept[end]) <= slack);
  }
}

/**
 * The ticks of an axis with many more between them; a whole number needs none within itself. Plotly finds
 * the place of a tick by its word, so each of those without one has a blank of its own.
 */
function fine(axis, { tickvals, ticktext }) {
  if (axis.labels.length) return {};
  const [first, last] = axis.range;
  const words = new Map(tickvals.map((at, place) => [at, ticktext[place]]));
  const counted = axis.whole && !axis.log && last - first <= STEPS;
  const steps = counted ? Math.round(last - first) : STEPS;
  for (let step = 0; step <= steps; step += 1) {
    const at = first + ((last - first) * step) / steps;
    if (!words.has(at)) words.set(at, blank(step));
  }
  const sorted = [...words].sort((a, b) => a[0] - b[0]);
  return { tickvals: sorted.map(([at]) => at), ticktext: sorted.map(([, text]) => text) };
}

/** A text of no width, another one for each number. */
const blank = (number) => number.toString(2).replaceAll("0", "\u200b").replaceAll("1", "\u200c");
