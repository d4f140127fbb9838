// What was checked of a network, level by level, and its figures by formula beside those measured.

import { el } from "../kit/dom.js";
import { count, NONE, plural } from "../kit/format.js";
import { section, table } from "../kit/parts.js";
import { inIntegers } from "./work.js";

const MEANING = { L0: "by formula", L1: "run on the host", L2: "linked for the board", L3: "run under QEMU" };
const MARK = { passed: "✓", failed: "✗", "not verified": "–" };
const FORMULAS = "L0";

export function verification(trial) {
  const found = trial.verification;
  if (found === null) return unchecked(trial);
  return section("Verification",
    el("p", { class: "quiet" }, `For ${found.device}, answers compared on ${plural(found.inputs, "input")}.`),
    el("div", { class: "verification" },
      table({
        label: "Levels of the verification",
        columns: [{ head: "level", kind: "text" }, { head: "state", kind: "text" }, { head: "tools, or why not", kind: "text" }],
        rows: found.levels.map((level) => [
          [el("strong", {}, level.name), ` ${MEANING[level.name] ?? ""}`],
          state(level.state),
          el("div", { class: "why" }, [tools(level), level.reason].filter(Boolean).map((each) => el("p", {}, each))),
        ]),
        empty: "",
      }),
      figures(found)));
}

/** A network that could be checked says so, with the way to do it; whatever else says nothing. */
function unchecked(trial) {
  if (!inIntegers(trial)) return null;
  return section("Verification", el("p", { class: "quiet" }, trial.on_front
    ? "Not verified yet: its worker does so while it trains the next network, unless it was stopped."
    : "Not verified: workers check networks that are on the front, and this one is not.",
    " On a machine of yours: ", el("code", {}, `tinyfront verify ${trial.id} --store`)));
}

const state = (name) => el("span", { class: "state", "data-state": name },
  el("span", { "aria-hidden": "true" }, `${MARK[name] ?? "?"}\u00a0`), name);

const tools = (level) => Object.entries(level.tools).map(([name, version]) => `${name} ${version}`).join(", ");

function figures(found) {
  const formula = found.levels.find((level) => level.name === FORMULAS)?.figures ?? {};
  const measured = Object.assign({}, ...found.levels.filter((level) => level.name !== FORMULAS).map((level) => level.figures));
  const names = [...new Set([...Object.keys(formula), ...Object.keys(measured)])];
  return table({
    label: "Figures of the verification",
    columns: [{ head: "figure", kind: "text" }, { head: "by formula", kind: "number" }, { head: "measured", kind: "number" }],
    rows: names.map((name) => [words(name), amount(name, formula[name]), amount(name, measured[name])]),
    empty: "",
  });
}

const words = (name) => name.replace(/_bytes$/, "").replaceAll("_", " ");
const amount = (name, value) => (value === undefined ? NONE : `${count(value)}${name.endsWith("_bytes") ? " B" : ""}`);
