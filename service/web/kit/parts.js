// Pieces that several views show: tables, states, facts, progress.

import { el } from "./dom.js";
import { accuracy, count, exact, plural, unitBeside } from "./format.js";

/** Where a trial or a study stands. */
export const pill = (state) => el("span", { class: "pill", "data-state": state }, state);

export const crumbs = (...parts) =>
  el("nav", { class: "crumbs", "aria-label": "Where you are" },
    el("ol", {}, parts.map(([words, href]) =>
      el("li", {}, href ? el("a", { href }, words) : el("span", { "aria-current": "page" }, words)))));

/** A wide or `tall` table scrolls in its own box, which the keyboard reaches too. */
export function table({ label, columns, rows, empty, tall = false }) {
  if (rows.length === 0) return el("p", { class: "quiet" }, empty);
  return el("div", { class: tall ? "scroll tall" : "scroll", role: "region", "aria-label": label, tabindex: "0" },
    el("table", {},
      el("caption", { class: "unseen" }, label),
      el("thead", {}, el("tr", {}, columns.map(headCell))),
      el("tbody", {}, rows.map((cells) => el("tr", cells.some((cell) => cell?.href) ? { class: "linked" } : {},
        cells.map((cell, place) => bodyCell(cell, columns[place])))))));
}

function headCell({ head, unit, kind, sort, sorted }) {
  const words = [head, unit ? el("span", { class: "unit" }, ` (${unit})`) : null];
  return el("th", { scope: "col", class: kind, "aria-sort": sorted ?? null },
    sort === undefined ? words : el("button", { type: "button", class: "bare", "data-sort": sort }, words));
}

function bodyCell(cell, { kind }) {
  if (cell?.href) return el("td", { class: kind }, el("a", { class: "row", href: cell.href }, cell.text));
  return el("td", { class: kind }, cell);
}

/** Columns of the objectives; the error of a network also as accuracy. */
export const objectiveColumns = (objectives, more = () => ({})) =>
  objectives.flatMap((each, place) => [
    { head: each.name, unit: unitBeside(each), kind: "number", ...more(place) },
    ...(each.accuracy ? [{ head: "accuracy", kind: "number" }] : []),
  ]);

export const objectiveCells = (objectives, values) =>
  objectives.flatMap((each) => [
    exact(values[each.name], each),
    ...(each.accuracy ? [accuracy(values[each.name])] : []),
  ]);

/** Names and what they are, as a quiet list. */
export const facts = (pairs) =>
  el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

/** A name that may be broken behind its colons and underscores. */
export const breakable = (name) =>
  name.split(/(?<=[:@_])/).flatMap((part, place) => (place ? [el("wbr"), part] : [part]));

export const tile = (name, value, below = null) =>
  el("div", { class: "tile" }, el("dt", {}, breakable(name)), el("dd", {}, el("strong", {}, value),
    below ? el("span", { class: "below" }, below) : null));

export const progress = (study) =>
  el("progress", {
    max: Math.max(1, study.trials), value: Math.min(study.finished, study.trials),
    "aria-label": `${study.finished} of ${plural(study.trials, "trial")} finished`,
  });

export const finishedOf = (study) => `${count(study.finished)} of ${count(study.trials)}`;

export const section = (title, ...children) =>
  el("section", {}, el("h2", {}, title), children);

/** The way to other pages of a list. */
export const pager = (...links) => el("nav", { class: "pager", "aria-label": "Pages" }, links);

/** Something that was chosen, with a button that takes it out; `of` marks the button. */
export const chip = (words, out, of) =>
  el("li", { class: "chip" }, words, el("button", { type: "button", class: "bare", "aria-label": out, ...of }, "×"));

/** How far the network of a trial was verified; nothing of one that nobody checked. */
export const verified = (trial) => {
  if (!trial.verified || trial.verified === "none") return null;
  if (trial.verified === "failed") return el("span", { class: "badge over" }, "verification failed");
  return el("span", { class: "badge", title: `All levels of its verification passed up to ${trial.verified}` },
    `verified ${trial.verified}`);
};

/** What is to be known of a trial beside its state. */
export const badges = (trial, front = "front") => [
  trial.on_front ? el("span", { class: "badge" }, front) : null,
  trial.feasible === false ? el("span", { class: "badge over" }, "over a limit") : null,
  verified(trial),
];

/** Structured values, folded away. */
export const folded = (title, value) =>
  el("details", {}, el("summary", {}, title), el("pre", { tabindex: "0" }, JSON.stringify(value, null, 2)));

export const plainWords = (text) => String(text).replaceAll("_", " ");
