// All studies, the newest first: searched by name, by state, a page at a time.

import { withQuery } from "../kit/address.js";
import { ALL, get, objectivesOf, studyHref, studyRef } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { accuracy, count, number, plural, short, time } from "../kit/format.js";
import { breakable, finishedOf, pager, pill, plainWords, progress } from "../kit/parts.js";
import { search } from "../kit/search.js";
import { empty } from "./empty.js";
import { Picked } from "./picked.js";
import { smallFront } from "./small.js";

const PAGE = 60;
const STATES = ["active", "paused", "ended"];

export function studies({ root, query, signal, look, remember }) {
  const status = STATES.includes(query.get("status")) ? query.get("status") : "";
  const trail = history.state?.trail ?? [];
  const wanted = { status, contains: query.get("q") ?? "", cursor: query.get("cursor") ?? "", trail };
  const fronts = new Map(); // by study, as they were at so many finished trials
  const picked = new Picked();
  const states = el("div", {});
  const box = el("div", {});
  root.append(
    el("div", { class: "title" }, el("h1", {}, "Studies")),
    el("div", { class: "find" }, search(wanted.contains, find, signal), states),
    box, picked.box);

  function find(contains) {
    Object.assign(wanted, { contains, cursor: "", trail: [] });
    remember({ q: contains, cursor: null });
    look();
  }

  root.addEventListener("change", (event) => {
    if (event.target.dataset.pick) picked.toggle(event.target.dataset.pick);
  });

  /** Read the fronts that have grown; tells whether there was any. */
  async function readFronts(items) {
    const old = items.filter((study) => study.objectives.length > 1 && study.front_size > 0
      && fronts.get(study.id)?.finished !== study.finished);
    if (old.length === 0) return false;
    const answer = await get("/fronts", { study: old.map(({ id }) => id) }, signal);
    const found = new Map(answer.items.map((front) => [front.study, front]));
    for (const { id, finished } of old) if (found.has(id)) fronts.set(id, { finished, front: found.get(id) });
    return true;
  }

  return {
    title: () => "Studies · Tinyfront",
    follows: () => ALL,
    async refresh() {
      const asked = { ...wanted };
      const { status, contains, cursor } = asked;
      const page = await get("/studies", { limit: PAGE, status, contains, cursor }, signal);
      const draw = () => {
        show(states, filters(asked));
        show(box, page.items.length === 0 ? none(asked)
          : el("ul", { class: "studies" }, page.items.map((study) => card(study, fronts.get(study.id)?.front ?? null, picked))),
        pages(page, asked));
        picked.draw();
      };
      draw();
      if (await readFronts(page.items)) draw();
    },
  };
}

function card(study, front, picked) {
  const objectives = objectivesOf(study);
  const about = [study.definition.data, study.definition.device, study.definition.designer];
  const ref = studyRef(study);
  return el("li", { class: "card" },
    el("div", { class: "head" },
      el("h2", {}, el("a", { class: "row", href: studyHref(study) }, study.name)),
      pill(study.status)),
    el("p", { class: "quiet" }, about.filter(Boolean).join(" · "), ` · since ${time(study.created_at)}`),
    progress(study),
    el("p", { class: "quiet under" }, `${finishedOf(study)} finished`,
      study.ended_reason ? ` (${plainWords(study.ended_reason)})` : null,
      study.counts.running > 0 ? `, ${count(study.counts.running)} running` : null,
      study.counts.failed > 0 ? `, ${count(study.counts.failed)} failed` : null),
    smallFront(study, front),
    el("dl", { class: "small" },
      pair("front", study.front_size === 0 ? "none yet" : plural(study.front_size, "trial")),
      pair("hypervolume", number(study.hypervolume, 4)),
      objectives.map((each) => pair(`best ${each.name}`, best(study, each)))),
    el("label", { class: "pick" },
      el("input", { type: "checkbox", "data-pick": ref, checked: picked.has(study) }),
      el("span", {}, "Compare", el("span", { class: "unseen" }, ` ${study.name}`))));
}

function best(study, objective) {
  const value = study.best[objective.name];
  const text = short(value, objective);
  return objective.accuracy && value !== null ? `${text} (${accuracy(value)})` : text;
}

const pair = (name, value) => el("div", {}, el("dt", {}, breakable(name)), el("dd", {}, value));

const address = ({ status, contains, cursor }) => withQuery("/", { q: contains, status, cursor });

const filters = (wanted) =>
  el("nav", { class: "filters", "aria-label": "By state" }, el("ul", {}, ["", ...STATES].map((each) =>
    el("li", {}, el("a", {
      href: address({ ...wanted, status: each, cursor: "" }), "aria-current": each === wanted.status ? "true" : null,
    }, each || "all")))));

function none({ status, contains, cursor }) {
  if (!status && !contains && !cursor) return empty();
  const words = [status ? `is ${status}` : null, contains ? `has “${contains}” in its name` : null].filter(Boolean);
  return el("div", { class: "empty" },
    el("h2", {}, words.length ? `No study ${words.join(" and ")}` : "No older study"),
    el("p", {}, el("a", { href: "/" }, "All studies")));
}

function pages(page, wanted) {
  const { cursor, trail } = wanted;
  if (!cursor && page.next === null) return null;
  return pager(
    trail.length > 0 || !cursor ? null : el("a", { href: address({ ...wanted, cursor: "" }) }, "Newest"),
    trail.length === 0 ? null : el("a", {
      href: address({ ...wanted, cursor: trail.at(-1) }), rel: "prev", "data-trail": JSON.stringify(trail.slice(0, -1)),
    }, "← Newer"),
    page.next === null ? null : el("a", {
      href: address({ ...wanted, cursor: page.next }), rel: "next", "data-trail": JSON.stringify([...trail, cursor]),
    }, "Older →"));
}
