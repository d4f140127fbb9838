// How the hypervolumes of several studies grew, side by side.

import { Chart } from "../charts/chart.js";
import { ALL, get, Problem, Reader, studyHref } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { count, NONE, number, span } from "../kit/format.js";
import { chip, crumbs, table } from "../kit/parts.js";
import { MOST } from "../studies/picked.js";

const OFFERED = 200;

export function overlay({ root, query, signal, look, remember }) {
  let chosen = [...new Set(query.getAll("study"))].slice(0, MOST);
  let by = query.get("by") === "time" ? "time" : "trials";
  const boxes = Object.fromEntries(["picked", "warning", "rows"].map((each) => [each, el("div", {})]));
  const add = el("form", { class: "add", "aria-label": "Add a study" });
  const along = el("fieldset", { class: "by" }, el("legend", { class: "unseen" }, "Along"),
    [["trials", "by finished trials"], ["time", "by time since the first attempt"]].map(([value, words]) =>
      el("label", {}, el("input", { type: "radio", name: "by", value, checked: value === by }), words)));
  const canvas = el("div", { class: "chart", hidden: true });
  const chart = new Chart(canvas, { label: "Hypervolumes of studies; the table below has the same numbers" });
  const figures = new Reader();
  let offered = null; // as the reader last saw the list of studies
  let compared = new Set(); // the ids of those that are drawn
  root.append(el("div", {}, crumbs(["Studies", "/"], ["Compare"]), el("h1", {}, "Compare studies")),
    boxes.picked, add, along, boxes.warning, canvas, boxes.rows);

  function choose(studies) {
    chosen = studies;
    remember({ study: chosen });
    look();
  }

  add.addEventListener("submit", (event) => {
    event.preventDefault();
    const { value } = add.elements.study;
    if (value && !chosen.includes(value)) choose([...chosen, value]);
  });
  boxes.picked.addEventListener("click", (event) => {
    const button = event.target.closest("[data-study]");
    if (button) choose(chosen.filter((name) => name !== button.dataset.study));
  });
  // The list is read anew for who is about to pick from it, not with every look at the chart.
  add.addEventListener("focusin", ({ target }) => {
    if (target.name === "study") offer().catch(() => {}); // the next look tells that the server is away
  });

  async function offer() {
    offered = (await get("/studies", { limit: OFFERED }, signal)).items;
    showOffered();
  }

  /** Whether there is a place left, and nothing yet to fill it. */
  const wanting = () => chosen.length < MOST && (offered ?? []).every(({ name }) => chosen.includes(name));

  function showOffered() {
    const before = add.elements.study?.value;
    show(add, adding(offered ?? [], chosen));
    // An option keeps its place, not its name, when a younger study comes before it.
    if (before && add.querySelector(`option[value="${CSS.escape(before)}"]`)) add.elements.study.value = before;
  }

  along.addEventListener("change", (event) => {
    by = event.target.value;
    remember({ by: by === "time" ? by : null });
    look();
  });

  return {
    title: () => "Compare studies · Tinyfront",
    follows: () => ALL,
    concerns: ({ id }) => wanting() || compared.has(id),
    async refresh() {
      const [{ figure, refused }] = await Promise.all([drawn(figures, chosen, by, signal), wanting() && offer()]);
      compared = new Set(figure?.layout.meta.studies.map(({ id }) => id));
      show(boxes.picked, picked(chosen));
      showOffered();
      along.hidden = figure === null;
      canvas.hidden = figure === null || figure.data.length === 0;
      show(boxes.warning, warning(figure, refused, chosen));
      show(boxes.rows, figure === null ? null : rows(figure));
      if (!canvas.hidden) {
        chart.height = figure.layout.height;
        await chart.draw(figure);
      }
    },
    dispose() {
      chart.dispose();
    },
  };
}

/** The figure, or why there is none: an address may name a study that is gone. */
async function drawn(figures, study, by, signal) {
  if (study.length === 0) return { figure: null, refused: null };
  try {
    return { figure: await figures.get("/figures/hypervolume", { study, by }, signal), refused: null };
  } catch (error) {
    if (!(error instanceof Problem) || ![404, 422].includes(error.status)) throw error;
    return { figure: null, refused: error };
  }
}

const picked = (chosen) => (chosen.length === 0 ? null
  : el("ul", { class: "chips", "aria-label": "Studies compared" }, chosen.map((name, place) =>
    chip([el("span", { class: "swatch", "data-place": place + 1, "aria-hidden": "true" }), name],
      `Remove ${name}`, { "data-study": name }))));

function adding(studies, chosen) {
  const others = studies.filter(({ name }) => !chosen.includes(name));
  if (chosen.length >= MOST) return el("p", { class: "quiet" }, `${MOST} studies are as many as one chart holds.`);
  if (others.length === 0) return el("p", { class: "quiet" }, chosen.length ? "There is no other study." : "There is no study yet.");
  return [
    el("label", {}, "Study", el("select", { name: "study" },
      others.map(({ name }) => el("option", { value: name }, name)))),
    el("button", { type: "submit" }, "Add"),
  ];
}

function warning(figure, refused, chosen) {
  if (refused) return el("p", { class: "boxed", role: "alert" }, `${refused.message} Remove it to see the others.`);
  if (chosen.length === 0) {
    return el("p", { class: "quiet" }, "Add two studies or more: their hypervolumes are drawn over each other, and the address can be sent to somebody.");
  }
  return figure.layout.meta.note ? el("p", { class: "boxed", role: "alert" }, figure.layout.meta.note) : null;
}

function rows(figure) {
  const { studies: shown, comparable } = figure.layout.meta;
  return table({
    label: "The studies compared",
    columns: [
      { head: "study", kind: "text" }, ...(comparable ? [] : [{ head: "scale", kind: "text" }]),
      { head: "hypervolume", kind: "number" }, { head: "finished", kind: "number" }, { head: "front", kind: "number" },
      { head: "took", kind: "text" }, { head: "measured on", kind: "text reason" },
    ],
    rows: shown.map((each) => [
      { href: studyHref({ id: each.id, name: each.study }), text: each.study },
      ...(comparable ? [] : [each.scale ?? NONE]),
      number(each.hypervolume, 4), count(each.finished), count(each.front_size), span(each.lasted_s), each.scale_text,
    ]),
    empty: "",
  });
}
