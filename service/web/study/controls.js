// What a user may do with a study: pause, resume, extend, close, delete, or begin another like it.

import { get, Problem, send, studyPath, studyRef } from "../kit/api.js";
import { go } from "../kit/address.js";
import { ask, field, words } from "../kit/dialog.js";
import { el } from "../kit/dom.js";
import { count, number, plural } from "../kit/format.js";
import { tell } from "../kit/notice.js";

// What ended a study and may be raised again. One that was closed, or has no point left, is no matter of budgets.
const BUDGETS = ["budget", "epochs", "hours", "plateau"];

/** Buttons for what the study's state allows; the sheet hides them from who may change nothing. */
export function controls(study) {
  const ended = study.status === "ended";
  const able = [
    study.status === "active" && ["pause", "Pause"],
    study.status === "paused" && ["resume", "Resume"],
    ended && study.ended_reason === "closed" && ["reopen", "Reopen"],
    (!ended || BUDGETS.includes(study.ended_reason)) && ["extend", "Extend …"],
    !ended && ["close", "Close …"],
    ["delete", "Delete …"],
  ].filter(Boolean);
  return el("div", { class: "steer", role: "group", "aria-label": "Steer this study", "data-needs": "user" },
    able.map(([what, text]) => el("button", {
      type: "button", class: what === "delete" ? "harsh" : null, "data-steer": what,
    }, text)),
    el("a", { class: "button", href: `/new?${new URLSearchParams({ like: studyRef(study) })}` }, "New like this"));
}

/** What a button does, by its word, with a study; `look` shows it anew. */
export const DO = {
  pause: (study, look) =>
    change(study, look, { status: "paused" }, "paused: no more trials are handed out; those that run go on"),
  resume: (study, look) => change(study, look, { status: "active" }, "active again"),
  reopen: (study, look) => change(study, look, { status: "active" }, "active again"),
  extend,
  close,
  delete: remove,
};

/** Change a study at once. */
async function change(study, look, body, done) {
  try {
    await patch(study, look, body);
    tell(`${study.name} is ${done}.`);
  } catch (error) {
    tell(words(error), true);
  }
  look();
}

/** Change a study only if it still is as the reader sees it. */
async function patch(study, look, body) {
  try {
    return await send("PATCH", studyPath(study.id), body, { "If-Match": `"${study.version}"` });
  } catch (error) {
    if (!(error instanceof Problem && error.status === 412)) throw error;
    const now = await get(studyPath(study.id));
    look();
    throw new Changed(now);
  }
}

/** Somebody else was faster. */
class Changed extends Problem {
  constructor(now) {
    const budget = [`${plural(now.trials, "trial")}`, now.epochs && plural(now.epochs, "epoch"), now.hours && `${number(now.hours)} h`];
    super(412, {
      detail: `Somebody changed ${now.name} meanwhile: it is ${now.status} now, with a budget of ${budget.filter(Boolean).join(", ")}.`,
      remedy: "Nothing of yours was done. Look at it, and do it again if it is still right.",
    });
  }
}

function extend(study, look) {
  const more = (name, label, now, done, unit) => study[name] !== null && field({
    name, label, numeric: true, help: `Now ${now}${done === null ? "" : `, ${done} used`}. ${unit}`,
  });
  const fields = [
    more("trials", "More trials", count(study.trials), count(study.finished), ""),
    more("epochs", "More epochs in all", count(study.epochs), count(study.epochs_done), ""),
    more("hours", "More hours", study.hours === null ? "" : number(study.hours), null, "They run from the first claim on."),
    more("plateau", "More trials without growth", count(study.plateau), null, ""),
  ].filter(Boolean);
  ask({
    title: `Extend ${study.name}`,
    body: el("p", { class: "quiet" }, study.status === "ended"
      ? `It ended: ${study.ended_because}. With more of that it goes on.`
      : "What is used up first ends it."),
    fields,
    agree: "Extend",
    ready: (given) => Object.values(given).some((value) => value !== ""),
    async act(given) {
      const body = {};
      for (const [name, value] of Object.entries(given)) {
        if (value === "") continue;
        const plus = Number(value.replaceAll(",", ""));
        if (!(plus > 0) || (name !== "hours" && !Number.isInteger(plus))) {
          throw new Problem(422, { field: name, detail: `Need ${name === "hours" ? "a" : "a whole"} number above 0, got ${value}.` });
        }
        body[name] = study[name] + plus;
      }
      const now = await patch(study, look, body);
      tell(now.status === "ended" ? `${now.name} was extended, but ${now.ended_because}.` : `${now.name} was extended to ${plural(now.trials, "trial")}.`);
      look();
    },
  });
}

function close(study, look) {
  const { queued, running } = study.counts;
  ask({
    title: `Close ${study.name}?`,
    body: [
      el("p", {}, "It ends now. ", running + queued === 0 ? "No trial is open." : [
        running > 0 ? `${plural(running, "running trial")} ${running === 1 ? "is" : "are"} cancelled: the workers are told at their next `
          + "word, and what they have trained of it is lost. " : null,
        queued > 0 ? `${plural(queued, "queued trial")} ${queued === 1 ? "is" : "are"} cancelled, too.` : null]),
      el("p", {}, "What has finished stays, with the front. To wait for what runs, pause it instead. A closed study can be reopened."),
    ],
    agree: "Close the study",
    danger: true,
    async act() {
      await patch(study, look, { status: "ended" });
      tell(`${study.name} is closed.`);
      look();
    },
  });
}

function remove(study) {
  const all = Object.values(study.counts).reduce((sum, n) => sum + n, 0);
  ask({
    title: `Delete ${study.name}?`,
    body: el("p", {}, `Its ${plural(all, "trial")} with all results, curves and files are gone for good, for everyone. `,
      study.status === "ended" ? null : "Its workers are told at their next word. ",
      "An export, made before, can be imported again."),
    fields: [field({ name: "name", label: `To be sure, type its name: ${study.name}` })],
    ready: ({ name }) => name === study.name,
    agree: "Delete the study",
    danger: true,
    async act() {
      await send("DELETE", studyPath(study.id));
      go("/");
      tell(`${study.name} was deleted.`);
    },
  });
}
