// What the test set says of a front: networks trained from scratch, mean and deviation, and what holds.

import { objectivesOf } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { count, exact, NONE, number, plural, unitBeside } from "../kit/format.js";
import { section, table } from "../kit/parts.js";

const TEST = { name: "test_error", unit: null, accuracy: true };

/** The section of a study's page; `found` is null while nothing was confirmed. */
export function confirmed(study, found) {
  if (found === null) return hint(study);
  const objectives = objectivesOf(study);
  const error = objectives.find((each) => each.accuracy) ?? { ...TEST, name: "error" };
  const others = objectives.filter((each) => !each.accuracy);
  return section("Confirmed",
    el("p", {}, `The test set was read ${times(study.test_reads)}. `, standing(found)),
    table({
      label: "The confirmed networks",
      tall: true,
      columns: [
        { head: "trial", kind: "number" }, { head: "runs", kind: "text" },
        { head: "observed error", kind: "number" }, { head: "error", kind: "number" }, { head: "test error", kind: "number" },
        ...others.map((each) => ({ head: each.name, unit: unitBeside(each), kind: "number" })),
      ],
      rows: found.items.map((network) => [
        // Not the link of a whole row, since the runs have links of their own.
        [el("a", { href: `/trials/${network.trial.id}` }, `${network.trial.number}`)],
        runs(network),
        exact(network.observed[error.name], error),
        mean(network, error), mean(network, TEST),
        ...others.map((each) => mean(network, each)),
      ]),
      empty: "No network was frozen.",
    }),
    el("p", { class: "quiet" }, "Mean ± standard deviation of trainings from scratch with fresh seeds. ",
      "The search saw none of this."));
}

function hint(study) {
  if (study.data === null || study.status !== "ended" || study.front_size === 0) return null;
  return section("Confirmed",
    el("p", { class: "quiet" }, "Nothing yet. A front is the best of many noisy results, so it promises too much. ",
      el("code", {}, `tinyfront confirm ${study.name}`),
      " trains its networks from scratch with fresh seeds and judges them by the test set."));
}

const times = (n) => (n === 1 ? "once" : `${count(n)} times`);

function standing(found) {
  const parts = [];
  if (found.confirmed_hypervolume !== null) {
    parts.push(`Hypervolume: observed ${number(found.observed_hypervolume, 4)}, `
      + `confirmed ${number(found.confirmed_hypervolume, 4)}`);
    if (found.optimism !== null) parts.push(`, an optimism of ${number(found.optimism, 3)}`);
    parts.push(". ");
  }
  if (found.open > 0) parts.push(`${plural(found.open, "run")} still to come.`);
  return parts.join("");
}

function runs(network) {
  const missing = network.runs.every((run) => !["queued", "running", "completed"].includes(run.status));
  return [
    `${network.completed} of ${network.runs.length}: `,
    network.runs.map((run, place) => [
      place ? ", " : "",
      el("a", { href: `/trials/${run.id}`, title: run.reason ?? run.status, "data-state": run.status }, `${run.number}`),
    ]),
    missing ? el("span", { class: "badge over" }, "not confirmed") : null,
    network.feasible === false ? el("span", { class: "badge over" }, "over a limit") : null,
  ];
}

function mean(network, objective) {
  const value = network.mean[objective.name];
  if (value === undefined) return NONE;
  const sd = network.sd[objective.name];
  return sd ? `${exact(value, objective)} ± ${exact(sd, objective)}` : exact(value, objective);
}
