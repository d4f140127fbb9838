// A front as a small picture of our own, there at once: Plotly's script takes a second or two.

import { svg } from "../kit/dom.js";

const MOST = 500;
const EDGE = { left: 64, right: 18, top: 30, bottom: 46 };
const TICKS = 4;

/** Where a value lies between 0 and 1. */
function scaleOf(values, log) {
  const place = log ? Math.log10 : (value) => value;
  let [low, high] = [Math.min(...values), Math.max(...values)].map(place);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const room = 0.06 * (high - low);
  [low, high] = [low - room, high + room];
  return { at: (value) => (place(value) - low) / (high - low), low, high, log };
}

/** A few round values along a scale. */
function ticksOf({ low, high, log }) {
  if (log) {
    const decades = [];
    for (let power = Math.floor(low); power <= high; power += 1) decades.push(power);
    const within = (value) => Math.log10(value) >= low && Math.log10(value) <= high;
    const fine = decades.flatMap((power) => [1, 2, 5].map((times) => Number((times * 10 ** power).toPrecision(1)))).filter(within);
    if (fine.length <= 2 * TICKS) return fine;
    const step = Math.ceil(decades.length / (2 * TICKS));
    return decades.filter((power, place) => place % step === 0).map((power) => 10 ** power).filter(within);
  }
  const rough = (high - low) / TICKS;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * size).find((each) => each >= rough);
  const found = [];
  for (let times = Math.ceil(low / step); times * step <= high; times += 1) found.push(Number((times * step).toPrecision(12)));
  return found;
}

/**
 * Draw points `{ x, y, title }`. An axis is `{ name, log, goal, text }`, where `text` writes a value.
 * What a log axis cannot show is left out.
 */
export function sketch(points, { x, y }, width, height) {
  const log = [x, y].map((axis, place) =>
    axis.log && points.some((point) => point[place ? "y" : "x"] > 0));
  const shown = points.filter((point) => (!log[0] || point.x > 0) && (!log[1] || point.y > 0)).slice(0, MOST);
  if (shown.length === 0) return null;
  const across = scaleOf(shown.map((point) => point.x), log[0]);
  const up = scaleOf(shown.map((point) => point.y), log[1]);
  const left = (value) => EDGE.left + across.at(value) * (width - EDGE.left - EDGE.right);
  const top = (value) => height - EDGE.bottom - up.at(value) * (height - EDGE.top - EDGE.bottom);
  const bottom = height - EDGE.bottom;
  return svg("svg", {
    class: "sketch", viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${shown.length} trials on the front: ${y.name} against ${x.name}`,
  },
  ticksOf(across).map((value) => [
    svg("line", { class: "grid", x1: left(value), x2: left(value), y1: EDGE.top, y2: bottom }),
    svg("text", { x: left(value), y: bottom + 16, "text-anchor": "middle" }, x.text(value))]),
  ticksOf(up).map((value) => [
    svg("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: top(value), y2: top(value) }),
    svg("text", { x: EDGE.left - 8, y: top(value) + 4, "text-anchor": "end" }, y.text(value))]),
  svg("text", { class: "name", x: (EDGE.left + width - EDGE.right) / 2, y: height - 6, "text-anchor": "middle" },
    log[0] ? `${x.name} (log)` : x.name),
  svg("text", {
    class: "name", "text-anchor": "middle",
    transform: `translate(12 ${(EDGE.top + bottom) / 2}) rotate(-90)`,
  }, log[1] ? `${y.name} (log)` : y.name),
  svg("path", { class: "reached", d: steps(reached(shown, x.goal, y.goal).map((point) => [left(point.x), top(point.y)]), x.goal) }),
  shown.map((point) => svg("circle", { cx: left(point.x), cy: top(point.y), r: 4.5 }, svg("title", {}, point.title))));
}

/** The points that no other beats in these two objectives, from the left to the right. */
function reached(points, across, up) {
  const [right, upward] = [across, up].map((goal) => (goal === "minimize" ? 1 : -1));
  const best = [];
  for (const point of [...points].sort((a, b) => right * (a.x - b.x) || upward * (a.y - b.y))) {
    if (best.length === 0 || upward * point.y < upward * best.at(-1).y) best.push(point);
  }
  return right === 1 ? best : best.reverse();
}

/**
 * The line along points that do not dominate each other, from the left to the right, each at `[x, y]` of
 * a picture; `across` is the goal of x. No diagonal, since nothing lies between two networks.
 */
export const steps = (points, across) => points.map(([x, y], place) => {
  if (place === 0) return `M${x},${y}`;
  return across === "minimize" ? `H${x}V${y}` : `V${y}H${x}`;
}).join("");
