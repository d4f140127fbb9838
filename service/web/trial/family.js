// The tree of a trial: the line that leads to it, and what went on from it.

import { el } from "../kit/dom.js";
import { count, plural, short } from "../kit/format.js";
import { objectivesOf } from "../kit/api.js";
import { pill } from "../kit/parts.js";

const NEAR = 6; // generations above the trial that are shown unfolded
const SHOWN = 8; // children of one parent that are shown unfolded
const MOST_CHANGES = 3;

/** Draw what `/trials/{id}/lineage` told. */
export function tree({ items, older, more }, study) {
  const objectives = objectivesOf(study);
  const above = items.filter((each) => each.generation < 0);
  const itself = items.find((each) => each.generation === 0);
  const below = Map.groupBy(items.filter((each) => each.generation > 0), (each) => each.parent_id);
  const far = above.slice(0, Math.max(0, above.length - NEAR));
  const near = above.slice(far.length);
  return el("div", { class: "family", role: "group", "aria-label": "Lineage" },
    el("p", { class: "quiet" }, summary(above, items, older, more)),
    older ? el("p", { class: "quiet" }, "Older ancestors are not shown. ",
      el("a", { href: `/trials/${items[0].id}` }, `Go on from trial ${items[0].number}`), ".") : null,
    far.length === 0 ? null : el("details", {},
      el("summary", {}, `The first ${plural(far.length, "generation")}`),
      el("ol", { class: "line" }, far.map((each) => entry(each, objectives)))),
    el("ol", { class: "line" }, near.map((each) => entry(each, objectives)), entry(itself, objectives, true,
      branches(itself, below, objectives))));
}

function summary(above, items, older, more) {
  const below = items.filter((each) => each.generation > 0);
  const front = items.filter((each) => each.on_front).length;
  const children = items.find((each) => each.generation === 0).children;
  return [
    above.length === 0 ? "It began from scratch" : `${older ? "At least " : ""}${plural(above.length, "generation")} above it`,
    children === 0 ? "no children" : plural(children, "child", "children"),
    below.length > children || more ? `${more ? "more than " : ""}${plural(below.length, "descendant")}` : null,
    front === 0 ? "none of them on the front" : `${count(front)} on the front`,
  ].filter(Boolean).join("; ") + ".";
}

/** The children of a member. A line without branches is not indented: it may be long. */
function branches(member, below, objectives) {
  const children = below.get(member.id) ?? [];
  if (children.length === 0) return missing(member, 0);
  const chain = [];
  let last = children;
  while (last.length === 1 && last[0].children <= 1) {
    chain.push(last[0]);
    last = below.get(last[0].id) ?? [];
  }
  if (chain.length > 0) {
    const end = chain.at(-1);
    return [el("ol", { class: "line" }, chain.map((each) =>
      entry(each, objectives, false, each === end ? branches(each, below, objectives) : null)))];
  }
  const ranked = [...children].sort((a, b) => rank(a) - rank(b) || a.number - b.number);
  const [first, rest] = [ranked.slice(0, SHOWN), ranked.slice(SHOWN)];
  const list = (some) => el("ol", { class: "branches" }, some.map((each) =>
    entry(each, objectives, false, branches(each, below, objectives))));
  return [list(first), rest.length === 0 ? null
    : el("details", {}, el("summary", {}, `${count(rest.length)} more of its children`), list(rest)),
  missing(member, children.length)];
}

/** The front first, then those with children, then those with a result. */
function rank({ on_front: front, children, values }) {
  if (front) return 0;
  if (children > 0) return 1;
  return Object.keys(values).length > 0 ? 2 : 3;
}

const missing = (member, shown) => (member.children <= shown ? null
  : el("p", { class: "quiet" }, el("a", { href: `/trials/${member.id}` },
    `${plural(member.children - shown, "child", "children")} of trial ${member.number} not shown here`)));

function entry(member, objectives, here = false, children = null) {
  const name = `Trial ${member.number}`;
  const told = objectives.filter((each) => member.values[each.name] !== undefined)
    .map((each) => `${each.name} ${short(member.values[each.name], each)}`).join(" · ");
  return el("li", { class: member.on_front ? "on-front" : null, "data-trial": member.id },
    member.changes.length === 0 ? null : el("p", { class: "morph", title: member.changes.join("\n") }, changed(member.changes)),
    el("p", { class: "member" },
      here ? el("strong", { "aria-current": "true" }, name) : el("a", { href: `/trials/${member.id}` }, name),
      member.status === "completed" ? null : pill(member.status),
      member.on_front ? el("span", { class: "badge" }, "front") : null,
      el("span", { class: "quiet" }, told)),
    children);
}

function changed(changes) {
  const more = changes.length - MOST_CHANGES;
  return changes.slice(0, MOST_CHANGES).join(", ") + (more > 0 ? `, and ${count(more)} more` : "");
}
