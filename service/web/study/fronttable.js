// The front as a table: sorted by any objective, without what the filters leave out, to pick from.

import { objectivesOf } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { objectiveCells, objectiveColumns, table, verified } from "../kit/parts.js";

/** `sort` is `{ column, down }`; `items` are the trials of the front that pass, of `total`. */
export function frontTable(study, items, total, sort) {
  const objectives = objectivesOf(study);
  const sorted = [...items];
  if (sort.column !== null) {
    const value = (trial) => trial.values[objectives[sort.column].name] ?? Infinity;
    sorted.sort((a, b) => (sort.down ? value(b) - value(a) : value(a) - value(b)));
  }
  // As it comes, the front begins with the best of the first objective.
  const now = sort.column === null ? { column: 0, down: objectives[0].goal === "maximize" } : sort;
  const order = (place) => ({
    sort: place,
    sorted: now.column !== place ? "none" : now.down ? "descending" : "ascending",
  });
  return table({
    label: "The front",
    tall: true,
    columns: [{ head: el("span", { class: "unseen" }, "picked"), kind: "text" }, { head: "trial", kind: "number" },
      ...objectiveColumns(objectives, order), { head: "by", kind: "text" }, { head: "", kind: "text" }],
    rows: sorted.map((trial) => [
      pickBox(trial.number),
      { href: `/trials/${trial.id}`, text: `${trial.number}` },
      ...objectiveCells(objectives, trial.values),
      [trial.origin ?? trial.designer, verified(trial)],
      el("span", { class: "go", "aria-hidden": "true" }, "open →"),
    ]),
    empty: total > 0 ? "No trial on the front passes the filters; clear one of them to see more."
      : "No trial is on the front yet: none was better than the reference, or none has finished.",
  });
}

const pickBox = (number) => el("label", { class: "pick" },
  el("input", { type: "checkbox", "data-box": number, "aria-label": `Pick trial ${number} to compare` }));

/** Let the boxes of the table show what is picked; a click on one leaves the table as it is. */
export function checkBoxes(root, picks) {
  for (const box of root.querySelectorAll("[data-box]")) {
    box.checked = picks.has(Number(box.dataset.box));
    box.disabled = picks.full && !box.checked;
  }
}
