// What both kinds of study have: a name, budgets, a designer, an early end of trainings.

import { el } from "../kit/dom.js";
import { choice, group, number, text, tick } from "./fields.js";

export const DESIGNERS = [
  ["bayes", "bayes: models of every objective (default)"],
  ["sparse", "sparse: the stages of SpArSe"],
  ["ageing-evolution", "ageing-evolution: as μNAS does"],
  ["nehvi", "nehvi: BoTorch's, slow, to compare"],
  ["random", "random"],
  ["sobol", "sobol: evenly spread"],
];

export const name = () => text(["name"], "Name", "Letters, digits, dots, dashes and underscores.", { maxlength: "64", required: true });

export const budgets = (about) =>
  group("When it ends", about,
    el("div", { class: "fields" },
      number(["trials"], "Trials", "The budget of finished trials."),
      number(["epochs"], "Epochs in all trials", "Optional."),
      number(["hours"], "Hours", "Optional; from the first claim on."),
      number(["plateau"], "Trials without growth", "Optional; of the hypervolume.")));

export const designer = (definition) =>
  choice(["designer"], "Designer", "Who proposes what is tried next.", DESIGNERS, definition.designer, { "data-standard": "bayes" });

/** `first` where nobody knows how long a training lasts. */
export const stopping = (definition, first) =>
  el("div", { class: "fields" },
    tick(["stopping"], "End trainings early that fall behind", { rule: "halving" }),
    definition.stopping === undefined ? null : [
      number(["stopping", "eta"], "One in so many goes on", "Default 3."),
      number(["stopping", "first_epoch"], "First judged after step", first ? "The step of the first report that is judged." : "Default by the recipe."),
    ]);

export const seed = () => number(["seed"], "Seed", "Equal seeds and results give equal proposals; default 0.");
