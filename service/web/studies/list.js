// All studies.

import { get, objectivesOf, studyHref } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { accuracy, count, number, plural, short, time } from "../kit/format.js";
import { breakable, finishedOf, pill, plainWords, progress } from "../kit/parts.js";

export function studies({ root }) {
  const box = el("div", {});
  root.append(el("h1", {}, "Studies"), box);
  return {
    title: () => "Studies · Tinyfront",
    follows: () => null,
    async refresh(signal) {
      // All that people have at a time; more pages are for the command line.
      const { items, next } = await get("/studies", { limit: 100 }, signal);
      show(box, items.length === 0 ? empty() : el("ul", { class: "studies" }, items.map(card)),
        next ? el("p", { class: "quiet" }, "These are the newest. All: ", el("code", {}, "tinyfront study ls")) : null);
    },
  };
}

function card(study) {
  const objectives = objectivesOf(study);
  const about = [study.definition.data, study.definition.device, study.definition.designer];
  return el("li", { class: "card" },
    el("div", { class: "head" },
      el("h2", {}, el("a", { class: "row", href: studyHref(study) }, study.name)),
      pill(study.status)),
    el("p", { class: "quiet" }, about.filter(Boolean).join(" · "), ` · since ${time(study.created_at)}`),
    progress(study),
    el("p", { class: "quiet under" }, `${finishedOf(study)} finished`,
      study.ended_reason ? ` (${plainWords(study.ended_reason)})` : null,
      study.counts.failed > 0 ? `, ${count(study.counts.failed)} failed` : null),
    el("dl", { class: "small" },
      pair("front", study.front_size === 0 ? "none yet" : plural(study.front_size, "trial")),
      pair("hypervolume", number(study.hypervolume, 4)),
      objectives.map((each) => pair(`best ${each.name}`, best(study, each)))));
}

function best(study, objective) {
  const value = study.best[objective.name];
  const text = short(value, objective);
  return objective.accuracy && value !== null ? `${text} (${accuracy(value)})` : text;
}

const pair = (name, value) => el("div", {}, el("dt", {}, breakable(name)), el("dd", {}, value));

function empty() {
  const here = location.origin;
  const usual = here === "http://127.0.0.1:8000"; // then it need not be named
  return el("div", { class: "empty" },
    el("h2", {}, "No study yet"),
    el("p", {}, "Networks for a board: start a worker, then create a study. Both commands take the data set ",
      el("code", {}, "digits"), ", which is built in."),
    command(`tinyfront-server worker --server ${here}`),
    command(`tinyfront study create first --space tiny --data digits --device stm32f446re \\
  --objective error --objective model_size --objective working_memory --trials 40${usual ? "" : ` \\
  --url ${here}`}`),
    el("p", {}, "Any other black box, from Python:"),
    command(`from tinyfront import Client, Parameters, Real, minimize

tf = Client(${usual ? "" : `"${here}"`})
study = tf.create_study(
    "parabola",
    space=Parameters(Real("x", -5, 10)),
    objectives=[minimize("cost")],
    trials=40,
)
for trial in study.ask():
    trial.complete({"cost": (trial.parameters["x"] - 1) ** 2})`),
    el("p", { class: "quiet" }, "This page shows the study as soon as it exists."));
}

const command = (text) => el("pre", { class: "command", tabindex: "0" }, text);
