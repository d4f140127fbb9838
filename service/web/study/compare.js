// Two to four trials of a study side by side: figures, recipes, networks or parameters.

import { get, isNetwork, objectivesOf, studyHref, studyPath } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { number } from "../kit/format.js";
import { badges, pill, plainWords, section } from "../kit/parts.js";
import { drawing, versionOf } from "../trial/network.js";
import { columns, figureRows, objectiveRows, settingRows, sideBySide, textRows } from "./compared.js";
import { StudyHead } from "./head.js";
import { compareHref, LEAST, MOST, numbersIn } from "./picks.js";

export function compare({ root, words: [name], query, signal, look }) {
  const path = studyPath(name);
  const asked = numbersIn(query.get("trials"));
  const numbers = asked.slice(0, MOST);
  const head = new StudyHead("/compare", look);
  const box = el("div", {});
  root.append(head.box, box);
  const networks = new Map(); // by the trial's id: which version was read, and its nodes
  let study = null;

  /** A network is read once, and once more when pruning has cut it. */
  async function network(trial) {
    const version = versionOf(trial);
    if (networks.get(trial.id)?.version !== version) {
      networks.set(trial.id, { version, ...await get(`/trials/${trial.id}/network`, {}, signal) });
    }
    return networks.get(trial.id);
  }

  return {
    title: () => `Compare ${numbers.join(", ")} · ${study.name} · Tinyfront`,
    follows: () => name,
    async refresh() {
      const [about, page] = await Promise.all([
        get(path, {}, signal),
        numbers.length === 0 ? { items: [] } : get(`${path}/trials`, { number: numbers }, signal),
      ]);
      study = about;
      head.show(study);
      const place = (trial) => numbers.indexOf(trial.number);
      const found = page.items.sort((a, b) => place(a) - place(b));
      if (found.length < LEAST) {
        show(box, tooFew(study, asked, found));
        return;
      }
      const trials = await Promise.all(found.map(({ id }) => get(`/trials/${id}`, {}, signal)));
      const drawn = isNetwork(study) ? await Promise.all(trials.map(network)) : null;
      show(box, notes(asked, found), body(study, trials, drawn));
    },
  };
}

const listed = (numbers) => numbers.join(", ");
const absent = (asked, found) => asked.slice(0, MOST).filter((each) => !found.some((trial) => trial.number === each));

function tooFew(study, asked, found) {
  const gone = absent(asked, found);
  return el("div", { class: "empty" },
    el("h2", {}, "Nothing to compare yet"),
    gone.length === 0 ? null : el("p", {}, `This study has no trial ${listed(gone)} of its search.`),
    el("p", {}, "Pick two to four trials on the study’s overview: by the boxes of its front, or with Shift and a click in the chart."),
    el("p", {}, el("a", { href: pickHref(study, found.map((trial) => trial.number)) }, "To the overview")));
}

function notes(asked, found) {
  const gone = absent(asked, found);
  return [
    asked.length > MOST ? el("p", { class: "boxed" }, `The first ${MOST} of ${asked.length} are shown: more would not fit side by side.`) : null,
    gone.length > 0 ? el("p", { class: "boxed" }, `This study has no trial ${listed(gone)} of its search.`) : null,
  ];
}

const pickHref = (study, numbers) => `${studyHref(study)}?pick=${numbers.join(",")}`;

function body(study, trials, drawn) {
  const objectives = objectivesOf(study);
  const heads = columns(trials.map((trial) => headOf(study, trial, trials)));
  const figures = figureRows(trials, objectives);
  const numbers = trials.map((trial) => trial.number);
  const pruned = trials.some((trial) => trial.pruning !== null);
  const recipe = (title, of) => {
    const { differ, same } = settingRows(trials.map(of));
    if (differ.length + same.length === 0) return null;
    return section(title,
      differ.length === 0 ? null : sideBySide(title, heads, differ),
      same.length === 0 ? null : el("details", {},
        el("summary", {}, `${same.length} the same in all`),
        el("dl", { class: "facts" }, same.map(([name, value]) =>
          el("div", {}, el("dt", {}, plainWords(name)), el("dd", {}, value))))));
  };
  return [
    el("p", { class: "links" }, `Trials ${listed(numbers)} side by side`, el("a", { href: pickHref(study, numbers) }, "Pick others")),
    section("Objectives", sideBySide("Objectives", heads, objectiveRows(trials, objectives))),
    figures.length === 0 ? null : section("All figures", sideBySide("All figures", heads, figures)),
    drawn === null ? recipe("Parameters", (trial) => trial.point) : [
      recipe("Training", (trial) => trial.training ?? {}),
      pruned ? recipe("Pruning", (trial) => trial.pruning ?? { method: "not pruned" }) : null,
    ],
    section("Origin", sideBySide("Origin", heads, textRows([
      ["proposed by", trials.map((trial) => trial.origin ?? trial.designer)],
      ["parent", trials.map((trial) => trial.parent && el("a", { href: `/trials/${trial.parent.id}` }, `Trial ${trial.parent.number}`))],
      ["epochs in all", trials.map((trial) => (drawn === null ? null : number(trial.epochs)))],
      ["worker", trials.map((trial) => trial.worker)],
    ]))),
    drawn === null ? null : section("Networks", el("div", { class: "compared", "data-count": trials.length },
      trials.map((trial, place) => el("section", { "aria-label": `Network of trial ${trial.number}` },
        el("h3", {}, `Trial ${trial.number}`, drawn[place].proposed ? el("span", { class: "quiet" }, ", as proposed") : null),
        drawn[place].nodes.length === 0 ? el("p", { class: "quiet" }, "It left no network.") : drawing(drawn[place].nodes))))),
  ];
}

function headOf(study, trial, trials) {
  const others = trials.filter((each) => each !== trial).map((each) => each.number);
  return [
    el("a", { href: `/trials/${trial.id}` }, `Trial ${trial.number}`), " ",
    trial.status === "completed" ? null : pill(trial.status),
    badges(trial),
    others.length < LEAST ? null : el("a", {
      class: "out", href: compareHref(study, others), "aria-label": `Leave trial ${trial.number} out`,
    }, "×"),
  ];
}
