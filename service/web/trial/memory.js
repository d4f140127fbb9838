// The memory of a network over time, against a board; a bar is the same thing as its node.

import { Chart } from "../charts/chart.js";
import { get } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { number, quantity } from "../kit/format.js";

const FAINT = 0.35; // of the bars beside the one that was chosen

export class MemoryChart {
  /** `board` is the name of the one to begin with, or null; `choose` is told the node of a bar. */
  constructor({ board, choose, pick }) {
    this.board = board;
    this.node = null;
    this.version = null;
    this.canvas = el("div", { class: "chart" });
    this.note = el("p", { class: "quiet" });
    this.fits = el("div", {});
    this.picker = el("form", { class: "controls", "aria-label": "Which board" });
    this.box = el("section", { hidden: true }, el("h2", {}, "Memory while it runs"),
      this.picker, this.fits, this.note, this.canvas);
    this.chart = new Chart(this.canvas, { label: "Live bytes of each operator", open: choose });
    this.picker.addEventListener("submit", (event) => event.preventDefault());
    this.picker.addEventListener("change", (event) => {
      this.board = event.target.value;
      pick(this.board);
    });
  }

  /** Show the network of a trial; `version` says whether it is another one. */
  async refresh(trial, study, devices, version, signal) {
    if (trial.graph === null) return;
    const key = JSON.stringify([version, this.board, trial.status]);
    if (key === this.version) return;
    const known = devices.some((each) => each.name === this.board);
    const device = known ? this.board : study.definition.device;
    this.figure = await get(`/trials/${trial.id}/figures/memory`, { device: known ? device : null }, signal);
    this.version = key;
    this.box.hidden = false;
    show(this.picker, el("label", {}, el("span", {}, "board"), el("select", { name: "board", "aria-label": "Board" },
      devices.map((each) => el("option", { value: each.name, selected: each.name === device }, each.title)))));
    this.picker.elements.namedItem("board").value = device;
    show(this.fits, room(trial, devices, device));
    this.note.textContent = this.figure.layout.meta.note;
    await this.draw();
  }

  /** Let one node's bar stand out; none with null. */
  async mark(node) {
    this.node = node;
    if (this.figure) await this.draw();
  }

  async draw() {
    const [bars, ...rest] = this.figure.data;
    const place = bars.y.indexOf(this.node);
    const marked = place < 0 ? { selectedpoints: null } : {
      selectedpoints: [place], selected: { marker: { opacity: 1 } }, unselected: { marker: { opacity: FAINT } },
    };
    await this.chart.draw({ ...this.figure, data: [{ ...bars, ...marked }, ...rest] });
  }

  dispose() {
    this.chart.dispose();
  }
}

/** Whether a network fits the chosen board, and which of the others. */
function room(trial, boards, name) {
  const figures = { ...trial.predicted_figures, ...trial.values };
  const [flash, sram] = [figures["model_size:deployed"], figures["working_memory:arena"]];
  const board = boards.find((each) => each.name === name);
  if (flash === undefined || sram === undefined || !board) return null;
  const fits = (each) => flash <= each.flash_bytes && sram <= each.sram_bytes;
  const share = (part, whole) => `${quantity(part, "B")} of ${quantity(whole, "B")} (${number((100 * part) / whole, 2)} %)`;
  const without = boards.filter((each) => !fits(each)).map((each) => each.title);
  return el("p", { class: fits(board) ? null : "reason boxed" },
    fits(board) ? `Fits ${board.title}: ` : `Does not fit ${board.title}: `,
    `flash ${share(flash, board.flash_bytes)}, SRAM ${share(sram, board.sram_bytes)}. `,
    without.length === 0 ? "It fits every board we know."
      : without.length === boards.length ? "It fits no board we know."
        : `No room on ${without.join(", ")}.`);
}
