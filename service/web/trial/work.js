// What workers did for a trial: their attempts, and the files they left.

import { artefactAddress } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { count, duration, NONE, plural, quantity, time } from "../kit/format.js";
import { copied } from "../kit/give.js";
import { facts, folded, pill, section, table } from "../kit/parts.js";
import { replayable } from "./proposal.js";
import { workerHref } from "../workers/parts.js";

/** A reason: its gist, and a traceback or the like folded below. */
export function reason(text) {
  const lines = text.trim().split("\n");
  if (lines.length < 3) return el("span", {}, text);
  // Of a traceback the last line is the one that says what happened.
  const gist = /^traceback/i.test(lines[0]) ? lines.at(-1) : lines[0];
  return el("div", {}, el("span", {}, gist),
    el("details", {}, el("summary", {}, `All ${count(lines.length)} lines`), el("pre", { tabindex: "0" }, text)));
}

export const attempts = (trial) => section("Attempts", table({
  label: "Attempts",
  columns: [{ head: "attempt", kind: "number" }, { head: "outcome", kind: "text" }, { head: "worker", kind: "text" },
    { head: "started", kind: "text" }, { head: "took", kind: "number" }, { head: "reason", kind: "text reason" }],
  rows: trial.attempts_list.map((each) => [
    `${each.number}`, pill(each.outcome ?? "running"), el("a", { href: workerHref(each.worker) }, each.worker), time(each.started_at),
    duration(each.started_at, each.ended_at ?? (each.outcome === null ? new Date().toISOString() : null)),
    each.reason ? reason(each.reason) : NONE,
  ]),
  empty: trial.status === "completed" ? "No worker tried it: its result came along with it."
    : trial.status === "cancelled" ? "It was cancelled before any worker tried it." : "No worker has tried it yet.",
}), delivered(trial));

/** What attempts delivered that did not count, and what they said beside their metrics. */
function delivered(trial) {
  const told = trial.attempts_list.filter((each) => each.details && Object.keys(each.details).length > 0);
  return told.map((each) => folded(`What attempt ${each.number} told of its work`, { metrics: each.metrics, ...each.details }));
}

export function files(trial) {
  const bytes = trial.artefacts.reduce((sum, each) => sum + each.size_bytes, 0);
  const kept = left(trial, "graph.json");
  return section("Files",
    table({
      label: "Files",
      columns: [{ head: "file", kind: "text" }, { head: "size", kind: "number" }, { head: "SHA-256", kind: "text wide" }],
      rows: trial.artefacts.map((each) => [
        el("a", { href: artefactAddress(trial.id, each.name), download: each.name }, each.name),
        quantity(each.size_bytes, "B"), el("code", {}, `${each.sha256.slice(0, 16)}…`),
      ]),
      empty: ["queued", "running"].includes(trial.status)
        ? "The worker uploads its files at the end." : "The worker left no files.",
    }),
    el("p", { class: "links" },
      trial.artefacts.length < 2 ? null
        : el("span", { class: "quiet" }, `${plural(trial.artefacts.length, "file")}, ${quantity(bytes, "B")} in all`),
      trial.graph === null || kept ? null
        : el("button", { type: "button", class: "link", "data-graph": "" }, "The network as graph.json")));
}

const left = (trial, name) => trial.artefacts.some((each) => each.name === name);

/** Whether a trial left its network in integers, which firmware is made of. */
export const inIntegers = (trial) => left(trial, "int8.json");

/** How to come back to this trial elsewhere. */
export function snippets(trial, study) {
  const board = study.definition.device;
  const lines = [
    ["Python", `tf.trial(${trial.id})`],
    ["command line", `tinyfront trial show ${trial.id}`],
    trial.artefacts.length > 0 ? ["all files", `tinyfront download ${trial.id} trial-${trial.id}`] : null,
    inIntegers(trial) && board ? ["firmware", `tinyfront download ${trial.id} firmware-${trial.id} --device ${board}`] : null,
    inIntegers(trial) && !left(trial, "model.onnx") ? ["ONNX", `tinyfront download ${trial.id} trial-${trial.id} --onnx`] : null,
    replayable(trial) ? ["propose it again", `tinyfront-server replay ${trial.id}`] : null,
  ].filter(Boolean);
  return section("Elsewhere", facts(lines.map(([name, text]) => [name, el("span", { class: "snippet" },
    // A browser would break a line behind any of its hyphens.
    el("code", {}, text.split(" ").flatMap((word) => [" ", el("span", { class: "whole" }, word)]).slice(1)),
    el("button", { type: "button", class: "slight", "data-copy": text, "aria-label": `Copy ${text}` }, "Copy"))])));
}

/** Copy what a button stands for; where the browser forbids it, choose the text for the reader to copy. */
export async function copy(button) {
  if (await copied(button.dataset.copy)) button.textContent = "Copied";
  else {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Press Ctrl+C";
  }
}
