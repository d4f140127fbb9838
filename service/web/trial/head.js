// The head of a trial: where it is, the trials beside it, and first of all why it came to nothing.

import { get, isNetwork, objectivesOf, studyHref, trialsHref } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { number } from "../kit/format.js";
import { badges, crumbs, facts, pill, section } from "../kit/parts.js";
import { parameters, words } from "../study/asked.js";
import { outcome } from "./outcome.js";
import { imported } from "./proposal.js";
import { reason } from "./work.js";

/** Whether the address came from a table that shows less than all, or in an order of its own. */
const chosen = (table) => table.status !== "" || table.where.length > 0 || table.device !== null || table.sort !== null;

/** The trials before and behind this one: in the table it was opened from, else by number. */
export async function neighbours(trial, table, devices, signal) {
  const path = `/studies/${trial.study_id}/trials`;
  const value = table.sort === null ? undefined : trial.values[table.sort];
  const { status, where } = parameters(table, devices);
  const asked = { status, where, purpose: trial.purpose, limit: 1 };
  const ranked = value !== undefined;
  const [before, behind] = !ranked ? ["newest", "oldest"]
    : table.order === "lowest" ? ["highest", "lowest"] : ["lowest", "highest"];
  const place = ranked ? { sort: table.sort, cursor: `${value}~${trial.id}` } : { cursor: trial.number };
  const ask = (order) => get(path, { ...asked, ...place, order }, signal).then((page) => page.items[0] ?? null);
  const [previous, next] = await Promise.all([ask(before), ask(behind)]);
  // Behind the last of those with a value come those without: no neighbours by it.
  const has = (each) => (each !== null && (!ranked || each.values[table.sort] !== undefined) ? each : null);
  return { previous: has(previous), next: has(next) };
}

export function head(trial, study, { beside, query, table }) {
  return [
    crumbs(["Studies", "/"], [study.name, studyHref(study)],
      ["Trials", `${trialsHref(study)}${query}`], [`Trial ${trial.number}`]),
    el("div", { class: "title" }, el("h1", {}, `Trial ${trial.number}`), pill(trial.status),
      badges(trial, "on the front"),
      OPEN[trial.status] ? el("button", { type: "button", class: "cancel harsh", "data-cancel": "", "data-needs": "user" }, "Cancel …") : null),
    steps(study, beside, query, table),
    why(trial),
    trial.fallback ? el("p", { class: "quiet" }, `Proposed by ${trial.designer} instead of ${trial.fallback}.`) : null,
    outcome(trial, objectivesOf(study)),
    isNetwork(study) ? null : point(trial.point),
  ];
}

function steps(study, { previous, next }, query, table) {
  const to = (trial, text, rel, key) => (trial === null ? null : el("a", {
    href: `/trials/${trial.id}${query}`, rel, "data-step": rel, "aria-keyshortcuts": key, title: `${key} key`,
  }, text));
  return el("nav", { class: "steps", "aria-label": "Trials beside this one" },
    to(previous, `← Trial ${previous?.number}`, "prev", "ArrowLeft"),
    to(next, `Trial ${next?.number} →`, "next", "ArrowRight"),
    el("a", { href: `${trialsHref(study)}${query}` },
      chosen(table) ? `Back to the table (${words(table)})` : "Table of trials"));
}

/** The point of a black box, which has no network to look at. */
const point = (values) => section("Parameters", facts(Object.entries(values).map(([name, value]) =>
  [name, typeof value === "number" ? number(value, 8) : typeof value === "object" ? JSON.stringify(value) : String(value)])));

const OPEN = {
  queued: "It waits for a worker. There is no result yet.",
  running: "A worker is at it. There is no result yet.",
};

/** Why there is no result, before all else. */
function why(trial) {
  if (trial.reason) return el("div", { class: "reason boxed", "data-state": trial.status }, reason(trial.reason));
  if (OPEN[trial.status]) return el("p", { class: "quiet" }, OPEN[trial.status]);
  if (["failed", "infeasible", "cancelled"].includes(trial.status)) {
    return el("p", { class: "reason boxed", "data-state": trial.status }, `It is ${trial.status}; no reason was given.`);
  }
  return imported(trial) ? el("p", { class: "quiet" }, "Brought along with its result; no worker of this service trained it.") : null;
}
