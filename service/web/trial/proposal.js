// Why a trial was proposed, in words, and what a replay needs.

import { el, svg } from "../kit/dom.js";
import { count, number, plural, time } from "../kit/format.js";
import { facts, folded, plainWords, section } from "../kit/parts.js";

const ORIGINS = {
  initial: "One of the first design, before there was a model.",
  random: "Drawn at random from the space.",
  model: "Chosen by the model as the most promising.",
  morph: "A small change of a network that was tried.",
  user: "Proposed by a user.",
};
const WORTH = {
  log_expected_hypervolume_improvement: "the hypervolume that it was expected to add",
  log_noisy_expected_hypervolume_improvement: "the hypervolume that it was expected to add, results being noisy",
  log_expected_improvement: "the improvement that was expected along its weights",
  hope: "the hope of any improvement at all",
  thompson: "one draw of what the model thinks possible",
  ucb: "an optimistic bound of the model",
};
const STAGES = { explore: "while the space was explored", morph: "while the front was morphed", prune: "while the front was pruned" };
const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

/** Whether the service can make this proposal again. */
export const replayable = (trial) => trial.details?.basis != null && trial.purpose === "search";

/** Nobody proposed it here and no worker trained it: its result came along. */
export const imported = (trial) => trial.attempts === 0 && trial.status === "completed";

export function proposal(trial) {
  const details = Object.entries(trial.details ?? {}).filter(([name]) => !(name in trial));
  const nested = details.filter(([, value]) => value !== null && typeof value === "object");
  const plain = details.filter((entry) => !nested.includes(entry));
  return section("Proposal",
    el("p", {}, sentences(trial).join(" ")),
    cares(trial.preference),
    facts([
      ["designer", trial.designer], ["origin", trial.origin],
      ["proposed in", trial.think_s === null ? null : `${number(trial.think_s, 3)} s`], ["purpose", trial.purpose],
      ["replicate", trial.replicate || null], ["worker", trial.worker],
      ["waits for a worker that can", trial.status === "queued" ? trial.needs.join(", ") : null],
      ["created", time(trial.created_at)], ["finished", trial.finished_at ? time(trial.finished_at) : null],
      ...Object.entries(trial.training ?? {}).map(([name, value]) => [plainWords(name), detail(value)]),
      ...plain.map(([name, value]) => [name, detail(value)]),
    ]),
    nested.length === 0 ? null : folded("More of the designer", Object.fromEntries(nested)),
    folded("The proposal as JSON", trial.point),
    trial.graph ? folded("The network as JSON", trial.graph) : null);
}

function sentences(trial) {
  if (trial.purpose === "confirm") return ["A training from scratch with a fresh seed, to confirm a result."];
  if (imported(trial)) return ["Its result came along with it: no worker of this service trained it."];
  const { acquisition, value, fitted, rays, feasibility, stage, winner, entrants, population } = trial.details ?? {};
  const said = [ORIGINS[trial.origin] ?? `By ${trial.designer ?? "nobody we know"}.`];
  if (winner !== undefined) {
    said.push(`Its parent won a tournament of ${count(entrants)} among ${count(population)} networks.`);
  }
  if (stage !== undefined) said.push(`It was proposed ${STAGES[stage] ?? `at the stage ${stage}`}.`);
  if (acquisition !== undefined) {
    const worth = WORTH[acquisition] ?? plainWords(acquisition);
    const log = String(acquisition).startsWith("log_") ? " (a logarithm)" : "";
    said.push(`What counted was ${worth}${value == null ? "" : `: ${number(value, 4)}${log}`}.`);
  }
  if (rays > 1) said.push(`It was judged along ${plural(rays, "direction")}, so no objective was preferred.`);
  if (fitted?.observations !== undefined) {
    said.push(`The model had been fitted to ${plural(fitted.observations, "result")} (version ${count(fitted.history_version)}).`);
  }
  if (feasibility !== undefined) said.push(`It gave it a chance of ${percent(feasibility)} to come to a result.`);
  if (trial.fallback) said.push(`It stepped in for ${trial.fallback}.`);
  return said;
}

/** How much one direction sought each objective, in words and as a bar. */
function cares(preference) {
  if (preference === null || preference === undefined) return null;
  const shares = Object.entries(preference).sort(([, a], [, b]) => b - a);
  const words = shares.map(([name, share]) => `${percent(share)} for ${name}`).join(", ");
  return el("div", { class: "cares" },
    el("p", {}, `This proposal cared ${words}.`),
    shareBar(shares.map(([, share]) => share)));
}

function shareBar(shares) {
  let left = 0;
  return svg("svg", { class: "shares", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
    shares.map((share, place) => {
      const x = left;
      left += 100 * share;
      return svg("rect", { "data-place": Math.min(place, 3), x, width: 100 * share, height: 8 });
    }));
}

// Whole numbers as they are: a seed has no thousands.
const detail = (value) => {
  if (value === null) return null;
  return typeof value === "number" && !Number.isInteger(value) ? number(value) : String(value);
};
