// What the list says while there is no study at all: how to get one.

import { el } from "../kit/dom.js";

export function empty() {
  const here = location.origin;
  const usual = here === "http://127.0.0.1:8000"; // then it need not be named
  return el("div", { class: "empty" },
    el("h2", {}, "No study yet"),
    el("p", { "data-needs": "user" }, el("a", { class: "button primary", href: "/new" }, "New study")),
    el("p", {}, "From a terminal, networks for a board: start a worker, then create a study. Both commands take the ",
      "data set ", el("code", {}, "digits"), ", which is built in."),
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
