// The family of a trial as a tree: the line that leads to it at the left, what went on from it at the right.

import { objectivesOf } from "../kit/api.js";
import { el, show, svg } from "../kit/dom.js";
import { count, familyOf, NONE, plural, short } from "../kit/format.js";
import { badges, objectiveCells, objectiveColumns, pill, plainWords, section, table } from "../kit/parts.js";
import { branches } from "./branches.js";
import { edge, fitted, frame, plate } from "./drawn.js";

const BOX = { width: 176, height: 62 };
const SIGN = { width: 176, height: 30 }; // what opens, and what leads on
const ACROSS = 220; // between two generations, where the morph is told
const DOWN = 26;
const TRUNK = 16; // from a box to where its lines part
const BEND = 8;
const EDGE = 6;
const OVER = 20; // what the words on an edge rise above its box
const LINE = { most: 30, height: 13, above: 3, below: 2 }; // of the words on an edge
const LONGEST = 24; // characters in a box
const TOLD = 2; // objectives in a box

export class Lineage {
  constructor() {
    this.box = el("div", {});
    this.opened = new Set();
    this.box.addEventListener("click", ({ target }) => this.open(target.closest("[data-fold]")));
    this.box.addEventListener("keydown", (event) => {
      const sign = event.target.closest("[data-fold]");
      if (!sign || !["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      this.open(sign);
    });
  }

  /** Show what `/trials/{id}/lineage` told. */
  show(lineage, study) {
    const fresh = this.lineage === undefined;
    Object.assign(this, { lineage, objectives: objectivesOf(study) });
    this.draw();
    if (fresh) this.centre();
  }

  draw() {
    const { lineage, objectives } = this;
    show(this.box, section("Lineage",
      el("p", { class: "quiet" }, summary(lineage)),
      el("div", { class: "drawing lineage", role: "region", tabindex: "0", "aria-label": "The lineage as a tree" },
        picture(lineage, objectives, this.opened)),
      el("details", {}, el("summary", {}, "The same as a table"), rows(lineage, objectives))));
  }

  /** Bring the trial itself into the middle of what is seen; on a narrow screen with one edge beside it. */
  centre() {
    const scroller = this.box.querySelector(".lineage");
    const [whole, here] = [scroller, scroller.querySelector("[aria-current]")].map((each) => each.getBoundingClientRect());
    const room = whole.width - here.width;
    const { children } = this.lineage.items.find((each) => each.generation === 0);
    const left = whole.width >= 2 * (BOX.width + ACROSS) ? room / 2 : children > 0 ? EDGE : room - EDGE;
    scroller.scrollLeft = here.left - whole.left - left;
    scroller.scrollTop = here.top - whole.top - (whole.height - here.height) / 2;
  }

  /** Draw what was folded; the keyboard goes on at the first of it. */
  open(sign) {
    if (!sign) return;
    const drawn = () => [...this.box.querySelectorAll("a[data-trial]")];
    const before = new Set(drawn().map((each) => each.dataset.trial));
    this.opened.add(sign.dataset.fold);
    this.draw();
    drawn().find((each) => !before.has(each.dataset.trial))?.focus();
  }
}

function summary({ items, older, more }) {
  const above = items.filter((each) => each.generation < 0).length;
  const below = items.filter((each) => each.generation > 0).length;
  const front = items.filter((each) => each.on_front).length;
  const { children } = items.find((each) => each.generation === 0);
  return [
    above === 0 ? "It began from scratch" : `${older ? "At least " : ""}${plural(above, "generation")} above it`,
    children === 0 ? "no children" : plural(children, "child", "children"),
    below > children || more ? `${more ? "more than " : ""}${plural(below, "descendant")}` : null,
    front === 0 ? "none of them on the front" : `${count(front)} on the front`,
  ].filter(Boolean).join("; ") + ".";
}

/** Give each item its place. Generations go from left to right, what is below one parent from top to bottom. */
function placed(lineage, opened) {
  const { line, fold, trial } = branches(lineage, opened);
  const step = BOX.width + ACROSS;
  const drawn = [];
  let down = 0;
  const put = (item, depth, above) => {
    const size = sizeOf(item);
    const here = { ...item, above, x: depth * step, size };
    drawn.push(here);
    const below = (item.below ?? []).map((each) => put(each, depth + 1, here));
    here.middle = below.length > 0 ? (below[0].middle + below.at(-1).middle) / 2 : down + size.height / 2;
    if (below.length === 0) down += size.height + DOWN;
    return here;
  };
  const [eldest] = lineage.items;
  const first = fold ?? (lineage.older ? { earlier: eldest } : null);
  const before = [...(first ? [first] : []), ...line.map((member) => ({ member }))];
  const { middle } = put(trial, before.length, null);
  const root = drawn[0];
  const chain = before.map((item, depth) => ({ ...item, x: depth * step, middle, size: sizeOf(item) }));
  [...chain, root].forEach((item, at, all) => { item.above = at === 0 ? null : all[at - 1]; });
  return [...chain, ...drawn];
}

const sizeOf = (item) => (item.member ? BOX : SIGN);

function picture(lineage, objectives, opened) {
  const items = placed(lineage, opened);
  const top = Math.min(...items.map(({ middle, size }) => middle - size.height / 2));
  const bottom = Math.max(...items.map(({ middle, size }) => middle + size.height / 2));
  const right = Math.max(...items.map(({ x, size }) => x + size.width));
  return frame({
    left: -EDGE, top: top - OVER, width: right + 2 * EDGE, height: bottom - top + OVER + EDGE,
  },
  items.filter((item) => item.above).map((item) => [elbow(item), morphed(item)]),
  items.map((item) => drawn(item, objectives)));
}

/** A line out of a parent, along the trunk of all its children, and into this one. */
function elbow({ above, x, middle }) {
  const from = above.x + above.size.width;
  const drop = middle - above.middle;
  if (Math.abs(drop) < 1) return edge(`M${from},${above.middle} H${x}`);
  const trunk = from + TRUNK;
  const bend = Math.min(BEND, Math.abs(drop) / 2) * Math.sign(drop);
  const round = Math.abs(bend);
  return edge(`M${from},${above.middle} H${trunk - round} Q${trunk},${above.middle} ${trunk},${above.middle + bend} `
    + `V${middle - bend} Q${trunk},${middle} ${trunk + round},${middle} H${x}`);
}

/** The morph on its edge, in words: above the line, and below it what has no room there. */
function morphed({ member, x, middle }) {
  if (!member || member.changes.length === 0) return null;
  const lines = wrapped(member.changes);
  const above = Math.min(lines.length, LINE.above);
  return svg("text", { class: "morph", "aria-hidden": "true" },
    svg("title", {}, member.changes.join("\n")),
    lines.map((words, at) => svg("tspan", {
      x: x - ACROSS + TRUNK + BEND + 2, y: middle - 6 - LINE.height * (above - 1 - at) + (at < above ? 0 : LINE.height / 2),
    }, words)));
}

/** Changes in a few short lines; what has no room is counted. */
function wrapped(changes) {
  const most = LINE.above + LINE.below;
  const each = changes.map((words, at) => broken(at < changes.length - 1 ? `${words},` : words));
  if (each.flat().length <= most) return each.flat();
  const kept = [];
  let told = 0;
  while (kept.length + each[told].length < most) kept.push(...each[told++]);
  return told === 0 ? each[0].slice(0, most) : [...kept, `and ${count(changes.length - told)} more`];
}

/** A text in lines of so many characters, broken between words. */
function broken(text) {
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LINE.most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(fitted(word, LINE.most));
  }
  return lines;
}

function drawn(item, objectives) {
  const place = `translate(${item.x},${item.middle - item.size.height / 2})`;
  if (item.fold) {
    const words = item.fold === "line" ? `${plural(item.count, "generation")} before`
      : item.fold.startsWith("deep") ? `and ${count(item.count)} below` : `and ${count(item.count)} more`;
    const whole = item.fold === "line" ? `Show ${words} these`
      : `Show ${plural(item.count, "more descendant")} of trial ${item.of.number}`;
    return svg("g", { class: "sign", role: "button", tabindex: "0", "data-fold": item.fold, "aria-label": whole, transform: place },
      sign(words));
  }
  const [to, words] = item.cut ? [item.cut, `${plural(item.count, "child", "children")} not shown`]
    : item.earlier ? [item.earlier, "older ones"] : [];
  if (to) {
    return svg("a", {
      class: "sign", href: `/trials/${to.id}`, "aria-label": `${words}: go to trial ${to.number}`, transform: place,
    }, sign(`${words} →`));
  }
  return node(item, objectives, place);
}

const sign = (words) => [svg("rect", { ...SIGN, rx: SIGN.height / 2 }),
  svg("text", { x: SIGN.width / 2, y: 20, "text-anchor": "middle" }, words)];

function node({ member, below, above }, objectives, place) {
  const here = member.generation === 0;
  const state = member.on_front ? "front" : member.status;
  const told = objectives.filter((each) => member.values[each.name] !== undefined)
    .map((each) => `${plainWords(familyOf(each.name))} ${short(member.values[each.name], each)}`);
  const whole = [`Trial ${member.number}`, here ? "this one" : null, member.status, member.on_front ? "on the front" : null,
    ...told, member.changes.length === 0 ? null
      : `from trial ${above.member?.number ?? "before"} by: ${member.changes.join(", ")}`].filter(Boolean).join("; ");
  return svg(here ? "g" : "a", {
    class: "node", href: here ? null : `/trials/${member.id}`, "data-trial": member.id, "data-state": state,
    role: here ? "img" : null, "aria-current": here ? "true" : null, "aria-label": whole, transform: place,
  },
  svg("title", {}, whole.replaceAll("; ", "\n")),
  plate(BOX),
  svg("text", { class: "what", x: 18, y: 19 }, `Trial ${member.number}`),
  svg("text", { class: "state", x: BOX.width - 10, y: 19, "text-anchor": "end" }, state === "completed" ? "" : state),
  told.slice(0, TOLD).map((words, at) => svg("text", { class: "told", x: 18, y: 36 + 16 * at }, fitted(words, LONGEST))));
}

function rows({ items }, objectives) {
  const numbers = new Map(items.map(({ id, number }) => [id, number]));
  return table({
    label: "The lineage",
    tall: true,
    columns: [{ head: "trial", kind: "number" }, { head: "state", kind: "text" }, { head: "from", kind: "number" },
      { head: "by", kind: "text reason" }, { head: "children", kind: "number" }, ...objectiveColumns(objectives)],
    rows: items.map((each) => [
      each.generation === 0 ? el("strong", { "aria-current": "true" }, each.number) : { href: `/trials/${each.id}`, text: `${each.number}` },
      [pill(each.status), badges(each)],
      numbers.get(each.parent_id) ?? NONE,
      each.changes.join(", ") || NONE,
      count(each.children),
      ...objectiveCells(objectives, each.values),
    ]),
    empty: "",
  });
}
