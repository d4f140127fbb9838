// What the list of workers and the page of one show alike.

import { studyHref } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { ago, NONE, quantity, time } from "../kit/format.js";
import { pill } from "../kit/parts.js";

const MIB = 2 ** 20;
// A worker that waits for work asks anew every half minute or so, one that runs renews its lease.
const SILENT_S = 120;

export const workerHref = (name) => `/workers/${encodeURIComponent(name)}`;

/** When a worker was last heard of, by any of its words, and for how long it has been silent. */
function heard(worker, now) {
  const at = [worker.seen_at, ...worker.running.map((each) => each.heard_at)].sort().at(-1);
  return { at, silentS: (new Date(now) - new Date(at)) / 1000 };
}

/** Whether it runs a trial, waits for one, or is not there any more, as far as one can tell. */
export function state(worker, now) {
  if (worker.running.length > 0) return pill("running");
  return pill(heard(worker, now).silentS < SILENT_S ? "waiting" : "silent");
}

export function lastHeard(worker, now) {
  const { at, silentS } = heard(worker, now);
  return el("span", { title: time(at) }, ago(silentS));
}

/** What it trains on; a program of its own may not have said so. */
export const trainsOn = (worker, memory = (words) => words) => (worker.accelerator === null ? "a program of its own"
  : [worker.accelerator === "cuda" ? "GPU (cuda)" : "CPU",
    worker.memory_mib === null ? null : memory(quantity(worker.memory_mib * MIB, "B"))]);

export const below = (words) => el("span", { class: "below block" }, words.filter(Boolean).join(" · "));

export function works(running) {
  if (running.length === 0) return NONE;
  return el("ul", { class: "plain-list" }, running.map((each) => el("li", {},
    el("a", { href: `/trials/${each.trial_id}` }, `trial ${each.number}`), " of ",
    el("a", { href: studyHref({ name: each.study, id: each.study_id }) }, each.study))));
}

export function holds(data) {
  if (data.length === 0) return NONE;
  return el("ul", { class: "plain-list" }, data.map((each) => el("li", {}, each.name, each.problem
    ? [" ", el("span", { class: "badge over", title: each.problem }, "cannot be used"), below([each.problem])]
    : null)));
}

// A release apart from the server's works, but does not know what the newer one can.
export const versions = (own, server) => el("ul", { class: "plain-list below" }, Object.entries(own).map(([name, version]) =>
  el("li", {}, `${name} ${version}`, name === "tinyfront" && version !== server
    ? [" ", el("span", { class: "badge over" }, `server ${server}`)]
    : null)));
