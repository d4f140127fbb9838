// Who worked on what, and when; and how long the designer thought.

import { BarsChart } from "../charts/bars.js";
import { ChartSection } from "../charts/section.js";
import { withQuery } from "../kit/address.js";
import { get, isNetwork, objectivesOf, Reader, studyPath } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { plural, time } from "../kit/format.js";
import { pager, pill, section, table } from "../kit/parts.js";
import { FilterBar } from "../study/filterbar.js";
import { carried, Filters } from "../study/filters.js";
import { StudyHead } from "../study/head.js";

const ROWS = 50;

export function timeline({ root, words: [name], query, signal, look, remember, go }) {
  const path = studyPath(name);
  const before = /^\d{1,18}$/.test(query.get("before") ?? "") ? query.get("before") : "";
  const boxes = Object.fromEntries(["note", "pages", "rows"].map((each) => [each, el("div", {})]));
  const head = new StudyHead("/timeline", look);
  const filters = new Filters(query, remember);
  const sieve = new FilterBar(filters, "attempts");
  const canvas = el("div", { class: "chart low" });
  const open = (id) => go(`/trials/${id}`);
  const chart = new BarsChart(canvas, { label: "Attempts over time, a lane for each worker; the table below has the same", open });
  const attempts = section("Attempts", sieve.box, canvas, boxes.note, boxes.pages, boxes.rows);
  const thinking = new ChartSection("Seconds per proposal", {
    label: "Seconds per proposal over the trials", height: 200, open,
  });
  root.append(head.box, attempts, thinking.box);
  const figures = new Reader();
  let seen = null;

  async function draw() {
    const { study, figure } = seen;
    const { columns, count } = figure.layout.meta;
    const judge = filters.any ? filters.judge((each) => columns.indexOf(each)) : () => true;
    const all = figure.data.flatMap((trace) => trace.customdata);
    const passing = all.filter(judge);
    sieve.counted(passing.length, all.length);
    show(boxes.pages, pages(study, figure.layout.meta, before));
    show(boxes.rows, count === 0 ? null : rows(passing));
    if (count === 0) return;
    chart.height = figure.layout.height;
    await chart.sift(figure, judge);
  }

  filters.subscribe(() => {
    if (seen === null) return;
    draw();
    // A figure that no bar tells yet is asked for.
    if (filters.names.some((each) => !seen.figure.layout.meta.columns.includes(each))) look();
  });

  return {
    title: () => `Timeline of ${seen.study.name} · Tinyfront`,
    follows: () => name,
    async refresh() {
      const study = await get(path, {}, signal);
      const objectives = objectivesOf(study);
      const fitted = isNetwork(study);
      const also = filters.beside(objectives.map((each) => each.name), fitted);
      const [figure, newest, devices] = await Promise.all([
        figures.get(`${path}/figures/timeline`, { before, also }, signal),
        get(`${path}/trials`, { limit: 8, order: "newest" }, signal),
        fitted && filters.devices === null ? get("/devices", {}, signal) : null,
      ]);
      seen = { study, figure };
      const { meta } = figure.layout;
      head.show(study);
      if (devices !== null) filters.know(devices.items);
      sieve.refresh(study, objectives);
      sieve.box.hidden = canvas.hidden = meta.count === 0;
      show(boxes.note, el("p", { class: "quiet note" }, said(meta, before)));
      await draw();
      const proposed = newest.items.find((trial) => trial.think_s !== null);
      await thinking.refresh(proposed && `${path}/figures/thinking`, proposed?.number, signal);
    },
    dispose() {
      chart.dispose();
      thinking.dispose();
      sieve.dispose();
    },
  };
}

function said(meta, before) {
  if (meta.count === 0) {
    return before ? "There are no older attempts." : "No worker has claimed a trial yet.";
  }
  const which = before ? "" : meta.next === null ? ", all there were" : ", the newest";
  return [
    `${plural(meta.count, "attempt")}${which}, in ${plural(meta.lanes, "lane")}.`,
    "A worker that holds several trials at a time has several lanes. A click on a bar opens its trial.",
    meta.note,
  ].filter(Boolean).join(" ");
}

function pages(study, meta, before) {
  if (!before && meta.next === null) return null;
  const address = (at) => withQuery(location.pathname, { before: at }, carried());
  return pager(
    before ? el("a", { href: address("") }, "Newest") : null,
    meta.next === null ? null : el("a", { href: address(meta.next), rel: "next" }, "Older →"));
}

function rows(passing) {
  const newest = passing.sort((a, b) => (a[5] < b[5] ? 1 : -1));
  return table({
    label: "The newest of these attempts",
    tall: true,
    columns: [
      { head: "trial", kind: "number" }, { head: "attempt", kind: "number wide" }, { head: "worker", kind: "text" },
      { head: "outcome", kind: "text" }, { head: "began", kind: "text wide" }, { head: "took", kind: "text" },
    ],
    rows: newest.slice(0, ROWS).map(([id, number, attempt, worker, outcome, began, took]) => [
      { href: `/trials/${id}`, text: `${number}` }, `${attempt}`, worker, pill(outcome), time(began), took,
    ]),
    empty: "None of these attempts is of a trial that passes the filters.",
  });
}
