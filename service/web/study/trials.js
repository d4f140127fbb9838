// The trials of a study: a page at a time, newest first, by state.

import { exportAddress, get, objectivesOf, studyPath } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { count, plural, time } from "../kit/format.js";
import { objectiveCells, objectiveColumns, pill, table } from "../kit/parts.js";
import { studyHead } from "./head.js";

const PAGE = 50;
const STATES = ["queued", "running", "completed", "stopped", "infeasible", "failed", "cancelled"];

export const trialColumns = (objectives) => [
  { head: "trial", kind: "number" }, { head: "state", kind: "text" }, ...objectiveColumns(objectives),
  { head: "by", kind: "text" }, { head: "worker", kind: "text wide" }, { head: "finished", kind: "text wide" },
];

export const trialRow = (trial, objectives) => [
  { href: `/trials/${trial.id}`, text: `${trial.number}` },
  [pill(trial.status), trial.on_front ? el("span", { class: "badge" }, "front") : null,
    trial.feasible === false ? el("span", { class: "badge over" }, "over a limit") : null],
  ...objectiveCells(objectives, trial.values),
  trial.origin ?? trial.designer ?? "–",
  trial.worker ?? "–",
  time(trial.finished_at),
];

export function trials({ root, words: [name], query, signal }) {
  const box = el("div", {});
  root.append(box);
  let about = null;
  const status = STATES.includes(query.get("status")) ? query.get("status") : "";
  const cursor = query.get("cursor") ?? "";
  const trail = history.state?.trail ?? [];
  return {
    title: () => `Trials of ${about.name} · Tinyfront`,
    follows: () => name,
    async refresh() {
      const path = studyPath(name);
      const [study, page] = await Promise.all([
        get(path, {}, signal),
        get(`${path}/trials`, { status, cursor, limit: PAGE, order: "newest" }, signal),
      ]);
      about = study;
      const objectives = objectivesOf(study);
      show(box,
        studyHead(study, "/trials"),
        filters(study, status),
        table({
          label: "Trials",
          columns: trialColumns(objectives),
          rows: page.items.map((trial) => trialRow(trial, objectives)),
          empty: status ? `No trial is ${status}.` : "No trial yet. A worker that claims one starts the search.",
        }),
        pager(page, { status, cursor, trail }),
        el("p", { class: "links" },
          el("a", { href: exportAddress(study.id, "csv"), download: "" }, "CSV"),
          el("a", { href: exportAddress(study.id, "jsonl"), download: "" }, "JSON lines")));
    },
  };
}

const address = (status, cursor) => {
  const query = new URLSearchParams();
  if (status) query.set("status", status);
  if (cursor) query.set("cursor", cursor);
  return `${location.pathname}${query.size ? `?${query}` : ""}`;
};

function filters(study, status) {
  const all = Object.values(study.counts).reduce((sum, n) => sum + n, 0);
  const entry = (value, words, n) =>
    el("li", {}, el("a", { href: address(value, ""), "aria-current": value === status ? "true" : null },
      words, el("span", { class: "n" }, ` ${count(n)}`)));
  return el("nav", { class: "filters", "aria-label": "By state" }, el("ul", {},
    entry("", "all", all), STATES.filter((each) => study.counts[each] > 0 || each === status)
      .map((each) => entry(each, each, study.counts[each] ?? 0))));
}

function pager(page, { status, cursor, trail }) {
  const from = trail.length * PAGE + 1;
  const shown = page.items.length === 0 ? "" : `${count(from)}–${count(from + page.items.length - 1)} of `;
  return el("nav", { class: "pager", "aria-label": "Pages" },
    trail.length > 0 || !cursor ? null : el("a", { href: address(status, "") }, "Newest"),
    trail.length === 0 ? null : el("a", {
      href: address(status, trail.at(-1)), rel: "prev", "data-trail": JSON.stringify(trail.slice(0, -1)),
    }, "← Newer"),
    // Without its trail (an address from elsewhere) a page does not know its place.
    el("span", { class: "quiet" }, cursor && trail.length === 0 ? "" : shown, plural(page.total, "trial")),
    page.next === null ? null : el("a", {
      href: address(status, page.next), rel: "next", "data-trail": JSON.stringify([...trail, cursor]),
    }, "Older →"));
}
