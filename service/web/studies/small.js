// A study's front as a small picture: points, and the line that nothing has passed yet.

import { steps } from "../charts/sketch.js";
import { objectivesOf } from "../kit/api.js";
import { el, svg } from "../kit/dom.js";
import { number, plural, short } from "../kit/format.js";

const WIDTH = 320;
const HEIGHT = 104;
const EDGE = 7;

/** `front` is null until it has come; a study with one objective has no such picture. */
export function smallFront(study, front) {
  if (study.objectives.length < 2) return null;
  const points = front?.points ?? [];
  if (points.length === 0) {
    return el("div", { class: "small-front" }, picture(study.front_size === 0 ? "No front yet" : ""), el("p", {}, "\u00a0"));
  }
  const [x, y] = [front.x, front.y].map((name) => objectivesOf(study).find((each) => each.name === name));
  const over = `${range(points, 0, x)}${front.x_log ? ", log" : ""}`;
  const up = `${range(points, 1, y)}${front.y_log ? ", log" : ""}`;
  const across = place(points, 0, front.x_log, EDGE, WIDTH - EDGE);
  const down = place(points, 1, front.y_log, HEIGHT - EDGE, EDGE);
  const at = points.map(([a, b]) => [across(a), down(b)]);
  return el("div", { class: "small-front" },
    picture(`Front of ${plural(study.front_size, "trial")}: ${y.name} ${up} over ${x.name} ${over}`,
      svg("path", { d: steps(at.slice(0, front.leading), x.goal) }),
      at.map(([a, b], n) => svg("circle", { cx: a, cy: b, r: n < front.leading ? 2.6 : 1.8, class: n < front.leading ? "lead" : "" }))),
    el("p", {}, el("span", {}, `↑ ${y.name} ${up}`), el("span", {}, `→ ${x.name} ${over}`)));
}

function picture(words, ...children) {
  const frame = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words || "The front is on its way" };
  const text = children.length === 0 && words
    ? svg("text", { x: WIDTH / 2, y: HEIGHT / 2 + 4, "text-anchor": "middle" }, words) : null;
  return svg("svg", frame, text, children);
}

/** Where values lie between two ends of the picture; all in the middle if they are equal. */
function place(points, column, log, from, to) {
  const scale = log ? Math.log : (value) => value;
  const all = points.map((point) => scale(point[column]));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return (value) => {
    const share = high > low ? (scale(value) - low) / (high - low) : 0.5;
    return Math.round(10 * (from + share * (to - from))) / 10;
  };
}

function range(points, column, objective) {
  const all = points.map((point) => point[column]);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const write = (value) => (objective.unit ? short(value, objective) : number(value, 3));
  return low === high ? write(low) : `${write(low)} to ${write(high)}`;
}
