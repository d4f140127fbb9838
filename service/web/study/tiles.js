// What stands first on a study's page: what it is about, how far it is, the best so far.

import { objectivesOf, trialsHref } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { accuracy, count, images, NONE, number, plural, short, time } from "../kit/format.js";
import { facts, finishedOf, plainWords, progress, tile } from "../kit/parts.js";

export function tiles(study, front) {
  const objectives = objectivesOf(study);
  const ended = study.ended_reason ? ` (${plainWords(study.ended_reason)})` : "";
  return [
    about(study),
    el("div", { class: "progress" }, progress(study),
      el("p", { class: "under" }, el("strong", {}, finishedOf(study)), ` trials finished${ended}`, counts(study))),
    el("dl", { class: "tiles" },
      tile("front", study.front_size === 0 ? NONE : count(study.front_size), study.front_size === 1 ? "trial" : "trials"),
      tile("hypervolume", number(study.hypervolume, 4), "1 is the ideal point"),
      objectives.map((each, place) =>
        bestTile(study, each, place === 0 ? withinBounds(objectives, front) : null))),
  ];
}

/** The best of the first objective among the trials that keep all bounds; it lies on the front. */
function withinBounds(objectives, front) {
  const bounded = objectives.filter((each) => each.bound !== null);
  if (bounded.length === 0) return null;
  const [first] = objectives;
  const kept = front.filter(({ values }) => bounded.every(({ name, goal, bound }) =>
    (goal === "minimize" ? values[name] <= bound : values[name] >= bound)));
  if (kept.length === 0) return "none within the bounds";
  const value = (first.goal === "minimize" ? Math.min : Math.max)(...kept.map(({ values }) => values[first.name]));
  return `${first.accuracy ? accuracy(value) : short(value, first)} within the bounds`;
}

function bestTile(study, objective, kept) {
  const value = study.best[objective.name];
  const wish = kept ?? (objective.bound === null ? null : `bound ${short(objective.bound, objective)}`);
  const right = objective.accuracy && value !== null ? `${accuracy(value)} accuracy` : null;
  const word = objective.goal === "minimize" ? "least" : "most";
  return tile(`${word} ${objective.name}`, short(value, objective), [right, wish].filter(Boolean).join(" · ") || null);
}

function about(study) {
  const { definition, data } = study;
  return facts([
    ["data", data && data.train !== null ? `${data.name}: ${images(data)}` : definition.data],
    ["classes", definition.binary == null ? null : `two: labels below ${definition.binary}, and all others`],
    ["device", definition.device],
    ["designer", definition.designer],
    ["stopping", definition.stopping ? `one in ${definition.stopping.eta} goes on` : null],
    ["ends after", budgets(study)],
    ["created", time(study.created_at)],
    ["ended", study.ended_at ? `${time(study.ended_at)}: ${study.ended_because}` : null],
  ]);
}

/** The budgets beside that of trials; what is used up first ends the study. */
const budgets = ({ epochs, epochs_done: done, hours, plateau }) => [
  epochs === null ? null : `${count(done)} of ${plural(epochs, "epoch")}`,
  hours === null ? null : `${number(hours)} h`,
  plateau === null ? null : `${plural(plateau, "trial")} without growth`,
].filter(Boolean).join(" · ");

function counts(study) {
  const here = trialsHref(study);
  const some = Object.entries(study.counts).filter(([, n]) => n > 0);
  return el("span", { class: "counts" }, some.map(([status, n]) =>
    el("a", { href: `${here}?status=${status}`, "data-state": status }, `${count(n)} ${status}`)));
}
