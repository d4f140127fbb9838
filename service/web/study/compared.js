// The rows of a comparison: what is told of each trial, which is best, and what differs.

import { el } from "../kit/dom.js";
import { accuracy, exact, familyOf, NONE } from "../kit/format.js";
import { breakable, plainWords } from "../kit/parts.js";
import { figureOf } from "../trial/outcome.js";

// Of these less is better, whichever convention counts them; they come first and in this order.
const COSTS = ["model_size", "working_memory", "macs", "instructions", "latency", "energy"];

/** The heads of the columns, one for each trial. */
export const columns = (heads) => heads.map((head) => el("th", { scope: "col" }, head));

/** A table with a row for each thing that is told; a wide one scrolls, its first column stays. */
export const sideBySide = (label, heads, rows) =>
  el("div", { class: "scroll beside", "data-count": heads.length, role: "region", "aria-label": label, tabindex: "0" },
    el("table", {},
      el("caption", { class: "unseen" }, label),
      el("thead", {}, el("tr", {}, el("td", {}), heads.map((head) => head.cloneNode(true)))),
      el("tbody", {}, rows.map(([name, cells]) =>
        el("tr", {}, el("th", { scope: "row" }, name), cells.map((cell) => el("td", {}, cell)))))));

/** Mark the best of some numbers; where all are equal, none is. */
function marked(values, goal, write) {
  const present = values.filter((value) => Number.isFinite(value));
  const best = (goal === "minimize" ? Math.min : Math.max)(...present);
  const telling = present.length > 1 && present.some((value) => value !== best);
  return values.map((value) => (telling && value === best
    ? el("span", { class: "best" }, write(value), " ", el("span", { class: "badge" }, "best"))
    : write(value)));
}

export const objectiveRows = (trials, objectives) => objectives.flatMap((each) => {
  const values = trials.map((trial) => trial.values[each.name]);
  const write = (value) => (each.unit && Number.isFinite(value) ? `${exact(value, each)} ${each.unit}` : exact(value, each));
  const rows = [[breakable(each.name), marked(values, each.goal, write)]];
  if (each.accuracy) rows.push(["accuracy", values.map((value) => accuracy(value))]);
  return rows;
});

/** All figures that are no objectives; of a network that is still to be pruned, what was predicted. */
export function figureRows(trials, objectives) {
  const named = new Set(objectives.map((each) => each.name));
  const all = trials.map((trial) => ({ ...trial.predicted_figures, ...trial.values }));
  const family = (name) => (COSTS.indexOf(familyOf(name)) + COSTS.length + 1) % (COSTS.length + 1);
  const names = [...new Set(all.flatMap((figures) => Object.keys(figures)))].filter((name) => !named.has(name));
  names.sort((a, b) => family(a) - family(b) || a.localeCompare(b));
  return names.map((name) => {
    const values = all.map((figures) => figures[name]);
    const write = (value) => (Number.isFinite(value) ? figureOf(name, value) : NONE);
    const cells = COSTS.includes(familyOf(name)) ? marked(values, "minimize", write) : values.map(write);
    return [breakable(name), cells.map((cell, place) =>
      (name in trials[place].values || cell === NONE ? cell : [cell, el("span", { class: "quiet" }, " predicted")]))];
  });
}

const setting = (value) => {
  if (value === null || value === undefined) return NONE;
  // Whole numbers as they are: a seed has no thousands.
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

/** What is set in one trial otherwise than in another, and what is the same in all. */
export function settingRows(settings) {
  const names = [...new Set(settings.flatMap((each) => Object.keys(each)))];
  const rows = names.map((name) => [name, settings.map((each) => setting(each[name]))]);
  const same = (cells) => cells.every((cell) => cell === cells[0]);
  return {
    differ: rows.filter(([, cells]) => !same(cells)).map(([name, cells]) => [plainWords(name), cells]),
    same: rows.filter(([, cells]) => same(cells)).map(([name, [cell]]) => [name, cell]),
  };
}

/** Rows of words, without those that nobody has. */
export const textRows = (rows) => rows.filter(([, cells]) => cells.some((cell) => cell !== null && cell !== undefined))
  .map(([name, cells]) => [name, cells.map((cell) => cell ?? NONE)]);
