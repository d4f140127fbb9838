// One study: where it stands, its front, how it grew, what failed.

import { Chart, loadPlotly } from "../charts/chart.js";
import { ChartSection } from "../charts/section.js";
import { exportAddress, get, isNetwork, objectivesOf, Reader, studyPath, trialsHref } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { plural } from "../kit/format.js";
import { pill, section, table } from "../kit/parts.js";
import { confirmed } from "./confirmed.js";
import { FilterBar } from "./filterbar.js";
import { Filters } from "./filters.js";
import { FrontChart } from "./front.js";
import { checkBoxes, frontTable } from "./fronttable.js";
import { StudyHead } from "./head.js";
import { pickBar, Picks } from "./picks.js";
import { constraints, scale } from "./scale.js";
import { tiles } from "./tiles.js";
import { trialColumns, trialRow } from "./trials.js";
import { tellWhole } from "./whole.js";

const LATEST = 8;
const FAILURES = 5;

export function study({ root, words: [name], query, signal, look, shown, remember, go }) {
  const path = studyPath(name);
  const boxes = Object.fromEntries(
    ["tiles", "picks", "front", "whole", "grown", "confirmed", "rest"].map((each) => [each, el("div", {})]));
  const head = new StudyHead("", look);
  const filters = new Filters(query, remember);
  const picks = new Picks(query, remember);
  const sieve = new FilterBar(filters);
  const chart = new FrontChart({ query, look, remember, filters, picks, open: (id) => go(`/trials/${id}`) });
  const growth = el("div", { class: "chart" });
  const grown = new Chart(growth, { label: "Hypervolume over the finished trials", height: 300 });
  const charts = el("div", { hidden: true }, sieve.box,
    el("div", { class: "side" },
      section("Front", chart.box),
      section("Hypervolume", growth, boxes.whole, boxes.grown)),
    boxes.picks, boxes.front);
  const thinking = new ChartSection("Seconds per proposal", {
    label: "Seconds per proposal over the trials", height: 200, open: (id) => go(`/trials/${id}`),
  });
  root.append(head.box, boxes.tiles, charts, boxes.confirmed, thinking.box, boxes.rest);
  const reader = new Reader();
  let seen = null;
  let sort = { column: null, down: false };

  function showFront() {
    if (seen === null) return;
    const { items } = seen.front;
    const passing = items.filter((trial) => filters.passes(trial.values));
    sieve.counted(passing.length, items.length);
    show(boxes.front, frontTable(seen.study, passing, items.length, sort));
    showPicks();
  }

  function showPicks() {
    if (seen === null) return;
    show(boxes.picks, seen.front.items.length === 0 ? null : pickBar(seen.study, picks));
    checkBoxes(boxes.front, picks);
  }

  filters.subscribe(showFront);
  tellWhole(boxes.whole, filters, "It grew by all trials of the study: the filters do not change it.");
  picks.subscribe(showPicks);
  root.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.dataset.sort !== undefined) {
      const column = Number(button.dataset.sort);
      sort = { column, down: sort.column === column && !sort.down };
      showFront();
    } else if (button?.dataset.pick !== undefined) picks.toggle(Number(button.dataset.pick));
    else if (button?.dataset.unpick !== undefined) picks.set([]);
  });
  root.addEventListener("change", ({ target }) => {
    if (target.dataset.box !== undefined) picks.toggle(Number(target.dataset.box));
  });

  return {
    title: () => `${seen.study.name} · Tinyfront`,
    follows: () => name,
    async refresh() {
      const about = await get(path, {}, signal);
      const drawn = about.finished > 0;
      const figure = drawn && chart.ask(about, signal); // the largest answer, and wanted last
      if (figure) figure.catch(() => {}); // told of below, if what is read first does not fail, too
      const [front, latest, failures, held, devices] = await Promise.all([
        reader.get(`${path}/front`, {}, signal),
        get(`${path}/trials`, { limit: LATEST, order: "newest" }, signal),
        recentFailures(path, about, signal),
        about.test_reads === 0 ? null : get(`${path}/confirmed`, {}, signal),
        isNetwork(about) && filters.devices === null ? get("/devices", {}, signal) : null,
      ]);
      seen = { study: about, front };
      charts.hidden = !drawn;
      head.show(about);
      show(boxes.tiles, tiles(about, front.items));
      if (devices !== null) filters.know(devices.items);
      sieve.refresh(about, objectivesOf(about));
      showFront();
      show(boxes.grown, [scale(about), constraints(about),
        el("p", { class: "quiet" }, el("a", { href: `/compare?study=${encodeURIComponent(about.name)}` }, "Compare with other studies"))]);
      show(boxes.confirmed, confirmed(about, held));
      show(boxes.rest, rest(about, latest, failures));
      if (drawn) chart.begin(about, front.items);
      shown(); // the numbers are there; the charts will come
      if (drawn) loadPlotly().catch(() => {}); // while the figures come; a chart tells if it cannot be had
      const proposed = latest.items.find((trial) => trial.think_s !== null);
      await Promise.all([
        drawn && figure.then((found) => chart.refresh(found)),
        drawn && reader.get(`${path}/figures/hypervolume`, {}, signal).then((figure) => grown.draw(figure)),
        thinking.refresh(proposed && `${path}/figures/thinking`, proposed?.number, signal),
      ]);
    },
    dispose() {
      chart.dispose();
      grown.dispose();
      thinking.dispose();
      sieve.dispose();
    },
  };
}

async function recentFailures(path, study, signal) {
  const wanted = ["failed", "infeasible"].filter((status) => study.counts[status] > 0);
  const pages = await Promise.all(wanted.map((status) =>
    get(`${path}/trials`, { status, limit: FAILURES, order: "newest" }, signal)));
  return pages.flatMap((page) => page.items).sort((a, b) => b.number - a.number).slice(0, FAILURES);
}

function rest(study, latest, failures) {
  const objectives = objectivesOf(study);
  const here = trialsHref(study);
  return [
    failures.length === 0 ? null : section("Failures",
      el("ul", { class: "failures" }, failures.map((trial) =>
        el("li", {}, el("a", { href: `/trials/${trial.id}` }, `Trial ${trial.number}`), pill(trial.status),
          el("p", { class: "reason" }, trial.reason ?? "no reason was given"))))),
    section("Trials",
      table({
        label: "The latest trials",
        columns: trialColumns(objectives),
        rows: latest.items.map((trial) => trialRow(trial, objectives)),
        empty: study.status === "active"
          ? "No trial yet. A worker that claims one starts the search."
          : "This study has no trials.",
      }),
      el("p", { class: "links" },
        el("a", { href: here }, `All ${plural(latest.total, "trial")}`),
        el("a", { href: exportAddress(study.id, "csv"), download: "" }, "CSV"),
        el("a", { href: exportAddress(study.id, "jsonl"), download: "" }, "JSON lines"))),
  ];
}
