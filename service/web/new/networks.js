// The form of a study of networks for a board.

import { el } from "../kit/dom.js";
import { familyOf, images, quantity } from "../kit/format.js";
import { rows } from "./draft.js";
import { act, choice, group, number, tick, wrong } from "./fields.js";
import { budgets, designer, name, seed, stopping } from "./shared.js";

// How each convention counts, in a few words; `resource_models/footprint.py` says it in full.
export const FIGURES = {
  error: ["error", "share of the validation images that are told wrongly"],
  "model_size:deployed": ["model size", "flash that our C project takes"],
  "model_size:sparse": ["model size (SpArSe)", "a byte per number that is not zero"],
  "model_size:munas": ["model size (μNAS)", "a byte per weight and bias"],
  "model_size:tflm": ["model size (TFLM)", "a TensorFlow Lite Micro file"],
  "working_memory:arena": ["working memory", "RAM of our planned arena"],
  "working_memory:bound": ["working memory (bound)", "live tensors in the best order"],
  "working_memory:inplace": ["working memory (in place)", "the same with TinyEngine's layers in place"],
  "working_memory:munas": ["working memory (μNAS)", "without the input, sums in place"],
  "working_memory:wm1": ["working memory (SpArSe 1)", "SpArSe's first model"],
  "working_memory:wm2": ["working memory (SpArSe 2)", "SpArSe's second model"],
  "working_memory:tflm": ["working memory (TFLM)", "arena and persistent part of TensorFlow Lite Micro"],
  macs: ["MACs", "multiply-accumulates"],
  "macs:munas": ["MACs (μNAS)", "pools and sums counted, too"],
  instructions: ["instructions", "of one inference, by a formula"],
  latency: ["latency", "estimate in milliseconds"],
  energy: ["energy", "estimate in millijoules"],
};
const ALIASES = { model_size: "model_size:deployed", working_memory: "working_memory:arena" };
const UNITS = { model_size: "B", working_memory: "B", latency: "ms", energy: "mJ" };
const BUDGETS = { model_size: ["flash_bytes", "flash"], working_memory: ["sram_bytes", "SRAM"] };
const SPACES = [
  ["tiny", "tiny: all that this service can build (default)"],
  ["sparse", "sparse: what SpArSe searched"],
  ["munas", "munas: what μNAS searched"],
];

export function networks(definition, { data, devices }) {
  const board = devices.find((each) => each.name === definition.device);
  const objectives = rows(definition.objectives);
  return [
    group("What is searched", null,
      name(),
      el("div", { class: "fields wide-fields" }, dataField(definition, data), boardField(definition, devices, board))),
    group("Objectives", "The front trades them off. A wish draws the search towards it; a limit must be kept.",
      wrong(["objectives"]),
      objectives.map((each, place) => objective(each, place, board, objectives)),
      act("add-objective", "Add an objective")),
    budgets("What is used up first ends the study; it can be extended later."),
    el("details", { class: "panel", "data-more": true },
      el("summary", {}, "More: space, training, designer, confirmation"),
      more(definition)),
  ];
}

function dataField(definition, data) {
  const found = data.find((each) => each.name === definition.data);
  const about = found?.problem ? `Cannot be used: ${found.problem}` : found ? images(found) : null;
  const options = data.map((each) => [each.name, `${each.name}${each.problem ? " (cannot be used)" : ""}`, Boolean(each.problem)]);
  const none = data.length === 0 ? el("span", {}, "No worker has announced a data set yet. Start one, and it appears here: ",
    el("code", {}, `tinyfront-server worker --server ${location.origin}`)) : "What the workers hold.";
  return choice(["data"], "Data set", about ?? none, [["", "Choose a data set"], ...options], definition.data);
}

function boardField(definition, devices, board) {
  const help = board && `${board.title}: ${board.core}, ${quantity(board.clock_hz, "Hz")}, `
    + `${quantity(board.flash_bytes, "B")} flash, ${quantity(board.sram_bytes, "B")} SRAM`;
  return choice(["device"], "Board", help ?? "For which networks are costed.",
    [...(definition.device ? [] : [["", "The usual one"]]), ...devices.map((each) => [each.name, `${each.name}: ${each.title}`])],
    definition.device);
}

/** The words for a figure; of instructions, on which core. */
function words(figure) {
  const [said, how] = FIGURES[figure] ?? FIGURES[familyOf(figure)] ?? [figure, null];
  const core = figure.split("@")[1];
  return how === null ? said : `${said}${core ? ` on Cortex-${core.toUpperCase()}` : ""}: ${how}`;
}

/** The figure that a name means; instructions without a core are those on the board's own. */
function fullName(name, board) {
  if (name === "instructions") return board?.figures.find((figure) => familyOf(figure) === name) ?? name;
  return ALIASES[name] ?? name;
}

function objective(each, place, board, all) {
  const at = ["objectives", place];
  const full = fullName(each.name, board);
  const family = familyOf(String(full ?? ""));
  const [field, store] = BUDGETS[family] ?? [];
  const unit = UNITS[family] ? ` (${UNITS[family]})` : "";
  const taken = all.map((other) => fullName(other.name, board));
  // Instructions can be counted on other cores than the board's, too: what is chosen stays.
  const other = family === "instructions" && !board?.figures.includes(full) ? [full] : [];
  const options = ["error", ...(board?.figures ?? []), ...other].map((figure) => [
    figure === full ? each.name : figure, words(figure), figure !== full && taken.includes(figure),
  ]);
  return el("div", { class: "row-fields", role: "group", "aria-label": `Objective ${place + 1}` },
    choice([...at, "name"], "Figure", null, options, each.name),
    number([...at, "bound"], `Wish, at ${each.goal === "maximize" ? "least" : "most"}${unit}`),
    number([...at, "limit"], `Limit, at ${each.goal === "maximize" ? "least" : "most"}${unit}`,
      board && field ? act("use-budget", `Board: ${quantity(board[field], "B")}`, {
        class: "link", "data-place": place, "data-value": board[field], "aria-label": `Take the ${store} of the board as limit` }) : null),
    act("remove-objective", "Remove", { "data-place": place, "aria-label": `Remove objective ${place + 1}` }),
    wrong(at));
}

const more = (definition) => [
  el("div", { class: "fields wide-fields" },
    choice(["space", "kind"], "Space", "Each range can be set as JSON.", SPACES, definition.space?.kind),
    designer(definition)),
  el("div", { class: "fields" },
    tick(["space", "pruning_scopes"], "Without pruning", ["none"], true),
    tick(["training", "weight_bits"], "Weights of 4 bits", 4, true),
    tick(["needs", "accelerator"], "Only workers with a GPU", "cuda", true)),
  wrong(["space"]),
  stopping(definition, false),
  el("div", { class: "fields" },
    tick(["confirm"], "Confirm the front at the end, by the test set", { networks: 20, seeds: 3 }),
    definition.confirm === undefined ? null : [
      number(["confirm", "networks"], "Networks", "At most so many."),
      number(["confirm", "seeds"], "Trainings of each", "From scratch."),
    ]),
  el("div", { class: "fields" },
    number(["training", "epochs"], "Epochs of one training", "Default by the data."),
    number(["binary"], "Two classes: labels below", "Optional; all others are the second."),
    seed()),
  wrong(["training"]), wrong(["designer_options"]),
];
