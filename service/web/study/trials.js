// The trials of a study: filtered, sorted and cut into pages by the service.

import { exportAddress, get, isNetwork, objectivesOf, studyPath } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { count, NONE, plural, time } from "../kit/format.js";
import { badges, objectiveCells, objectiveColumns, pager, pill, table } from "../kit/parts.js";
import { address, asked, PAGE, parameters, sortedAs, STATES, turned, words } from "./asked.js";
import { FilterBar } from "./filterbar.js";
import { Filters } from "./filters.js";
import { StudyHead } from "./head.js";
import { Predictions } from "./predictions.js";
import { save } from "./save.js";

export const trialColumns = (objectives, head = () => ({})) => [
  { head: "trial", kind: "number", ...head("number") }, { head: "state", kind: "text" },
  ...objectiveColumns(objectives, (place) => head(objectives[place].name)),
  { head: "by", kind: "text" }, { head: "worker", kind: "text wide" }, { head: "finished", kind: "text wide" },
];

export const trialRow = (trial, objectives, query = "") => [
  { href: `/trials/${trial.id}${query}`, text: `${trial.number}` },
  [pill(trial.status), badges(trial)],
  ...objectiveCells(objectives, trial.values),
  by(trial),
  trial.worker ?? NONE,
  time(trial.finished_at),
];

/** Who proposed a trial, and how. */
function by({ designer, origin }) {
  if (!designer || designer === origin) return origin ?? NONE;
  return [designer, origin ? el("span", { class: "unit" }, ` ${origin}`) : null];
}

export function trials({ root, words: [name], query, signal, look, go }) {
  const title = new StudyHead("/trials", look);
  const box = el("div", {});
  const rest = el("div", {});
  const foot = el("div", {});
  const kept = new Predictions({ title: "Were the predictions kept?", open: (id) => go(`/trials/${id}`) });
  const filters = new Filters(query, ({ where, device }) => turn({ where, device }));
  const bar = new FilterBar(filters);
  root.append(title.box, box, bar.box, rest, foot, kept.box);
  const path = studyPath(name);
  let now = asked(query);
  let study = null;
  let devices = null;

  /** Show the table in another way; the address and the history follow, the focus stays. */
  function turn(changes) {
    const next = address(location.pathname, now, changes);
    history.pushState(null, "", next);
    now = asked(new URLSearchParams(location.search));
    look();
  }

  root.addEventListener("click", (event) => {
    const head = event.target.closest("[data-sort]");
    const file = event.target.closest("[data-save]");
    if (head) {
      const column = head.dataset.sort;
      turn(turned(now, column, study.objectives.find((each) => each.name === column)?.goal));
    }
    if (file) save(file, `${path}/trials`, parameters(now, devices), study, signal);
  });
  rest.addEventListener("submit", (event) => {
    event.preventDefault();
    turn({ page: Number(event.target.elements.namedItem("page").value) || 1 });
  });

  return {
    title: () => `Trials of ${study.name} · Tinyfront`,
    follows: () => name,
    async refresh() {
      const asking = now; // the reader may turn the table while the service answers
      study = await get(path, {}, signal);
      if (devices === null) {
        devices = isNetwork(study) ? (await get("/devices", {}, signal)).items : [];
        filters.know(devices);
      }
      const skip = (asking.page - 1) * PAGE;
      const page = await get(`${path}/trials`, { ...parameters(asking, devices), limit: PAGE, skip: skip || null }, signal);
      const objectives = objectivesOf(study);
      const here = address("", asking, { page: asking.page });
      const head = (column) => ({ sort: column, sorted: sortedAs(asking, column) });
      title.show(study);
      show(box, states(study, asking));
      bar.refresh(study, objectives);
      show(rest,
        el("div", { class: "trials" }, table({
          label: "Trials",
          columns: trialColumns(objectives, head),
          rows: page.items.map((trial) => trialRow(trial, objectives, here)),
          empty: empty(asking, page.total),
        })),
        pages(page, asking));
      show(foot, files(study, page.total));
      if (page.items.some((trial) => trial.prediction !== null)) await kept.refresh(study, signal);
    },
    dispose() {
      kept.dispose();
      bar.dispose();
    },
  };
}

function empty(now, total) {
  if (total > 0) return `Page ${count(now.page)} is beyond the last: there are ${plural(total, "trial")}.`;
  if (now.where.length > 0 || now.device !== null) return "No trial passes these filters. Only trials with a result do.";
  return now.status ? `No trial is ${now.status}.` : "No trial yet. A worker that claims one starts the search.";
}

function states(study, now) {
  const all = Object.values(study.counts).reduce((sum, n) => sum + n, 0);
  const entry = (status, text, n) =>
    el("li", {}, el("a", {
      href: address(location.pathname, now, { status }), "aria-current": status === now.status ? "true" : null,
    }, text, el("span", { class: "n" }, ` ${count(n)}`)));
  return el("nav", { class: "filters", "aria-label": "By state" }, el("ul", {},
    entry("", "all", all), STATES.filter((each) => study.counts[each] > 0 || each === now.status)
      .map((each) => entry(each, each, study.counts[each] ?? 0))));
}

function pages(page, now) {
  const last = Math.max(1, Math.ceil(page.total / PAGE));
  const to = (n, text, rel) => (n < 1 || n > last || n === now.page ? null
    : el("a", { href: address(location.pathname, now, { page: n }), rel }, text));
  const from = (now.page - 1) * PAGE + 1;
  const shown = page.items.length === 0 ? "" : `${count(from)}–${count(from + page.items.length - 1)} of `;
  return pager(
    now.page > 1 ? to(1, "« First") : null, to(Math.min(now.page - 1, last), "← Previous", "prev"),
    el("span", { class: "quiet", role: "status" }, `${shown}${plural(page.total, "trial")}, ${words(now)}`),
    to(now.page + 1, "Next →", "next"), now.page < last ? to(last, "Last »") : null,
    last < 3 ? null : el("form", { class: "jump", "aria-label": "Go to a page" },
      el("label", {}, "Page ", el("input", {
        name: "page", type: "number", min: 1, max: last, value: now.page, required: true,
      }), ` of ${count(last)}`), el("button", { type: "submit" }, "Go")));
}

function files(study, total) {
  return el("p", { class: "links" },
    total === 0 ? null : [
      el("button", { type: "button", class: "link", "data-save": "csv" }, `These ${plural(total, "trial")} as CSV`),
      el("button", { type: "button", class: "link", "data-save": "json" }, "as JSON")],
    el("a", { href: exportAddress(study.id, "csv"), download: "" }, "All as CSV"),
    el("a", { href: exportAddress(study.id, "jsonl"), download: "" }, "All as JSON lines"));
}
