// What its training made of a network: what it inherited, what was pruned, what confirms it.

import { el } from "../kit/dom.js";
import { count, number } from "../kit/format.js";
import { facts, plainWords, section } from "../kit/parts.js";

const SCOPES = { channels: "channels", inputs: "inputs of dense layers", both: "channels and inputs of dense layers", weights: "single weights" };
const COUNTED = ["channels", "inputs", "weights"];

// Details are whatever a worker sent.
const share = (value) => (typeof value === "number" ? `${number(100 * value, 3)}\u00a0%` : null);
const object = (value) => (value !== null && typeof value === "object" ? value : {});

/** What the attempt that counted says of its training; nothing before it has ended. */
function made(trial) {
  const counted = trial.attempts_list.find((each) => each.outcome === "completed");
  return object(counted?.details);
}

export function training(trial) {
  const said = made(trial);
  return [
    trial.pruning === null ? null : section("Pruning", pruning(trial.pruning, object(said.pruning))),
    trial.parent === null || (trial.epochs === 0 && said.inherited === undefined) ? null : section("Inherited", inheritance(trial, object(said.inherited))),
    trial.confirms === null && trial.confirmed_by.length === 0 ? null
      : section("Confirmed", facts([
        ["confirms", trial.confirms === null ? null : link(trial.confirms)],
        ["test error", trial.values.test_error === undefined ? null : number(trial.values.test_error, 4)],
        ["confirmed by", trial.confirmed_by.length === 0 ? null : links(trial.confirmed_by)],
      ])),
  ];
}

function pruning(asked, done) {
  const [before, after] = [object(done.before), object(done.after)];
  const changed = COUNTED.filter((name) => typeof before[name] === "number" && before[name] !== after[name]);
  return facts([
    ["takes away", SCOPES[asked.scope] ?? asked.scope],
    ["method", asked.method],
    ["target", asked.target === null ? "the method’s own threshold" : share(asked.target)],
    ["weighted by", asked.weighting && asked.weighting !== "none" ? asked.weighting : null],
    ["during", `${share(asked.start)} to ${share(asked.end)} of the epochs`],
    ["reached", share(done.reached)],
    ["cut after epoch", typeof done.cut_after_epoch === "number" ? count(done.cut_after_epoch) : null],
    ...changed.map((name) => [name, `${count(before[name])} → ${count(after[name])}`]),
  ]);
}

const link = (trial) => el("a", { href: `/trials/${trial.id}` }, `Trial ${trial.number}`);
const links = (trials) => trials.map((trial, place) => [place ? ", " : "", link(trial)]);

function inheritance(trial, inherited) {
  const shares = Object.entries(inherited).filter(([, value]) => typeof value === "number" && value > 0);
  return facts([
    ["its weights", shares.map(([name, value]) => `${share(value)} ${plainWords(name)}`).join(", ")],
    ["epochs in all", trial.epochs > 0 ? number(trial.epochs) : null],
  ]);
}
