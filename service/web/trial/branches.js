// Which members of a family are drawn: hundreds of children and long lines are folded until they are asked for.

const NEAR = 3; // generations above the trial that are always drawn
const DEEP = 4; // generations below it
const SHOWN = 8; // children of the trial itself
const FEWER = 3; // children of each further one

/**
 * A family as a tree of items: `{ member, below }`, where `below` holds the like, `{ fold, count }` for
 * what opens and `{ cut, count }` for children that were not told.
 *
 * @param lineage what `/trials/{id}/lineage` told.
 * @param opened the names of the folds that the reader has opened.
 * @returns the `line` of members above, the eldest first; `fold`, if the eldest are folded; and the
 *   `trial` as an item.
 */
export function branches({ items }, opened) {
  const above = items.filter((each) => each.generation < 0);
  const below = Map.groupBy(items.filter((each) => each.generation > 0), (each) => each.parent_id);
  const far = opened.has("line") ? 0 : folded(above.length, NEAR);
  return {
    line: above.slice(far),
    fold: far === 0 ? null : { fold: "line", count: far },
    trial: grown(items.find((each) => each.generation === 0), below, opened, 0),
  };
}

/** How many of so many are folded away if some are shown; never a single one, which is as large as its fold. */
const folded = (all, shown) => (all - shown > 1 ? all - shown : 0);

function grown(member, below, opened, depth) {
  const known = below.get(member.id) ?? [];
  const cut = member.children > known.length ? [{ cut: member, count: member.children - known.length }] : [];
  const deep = `deep-${member.id}`;
  if (depth >= DEEP && known.length > 0 && !opened.has(deep)) {
    return { member, below: [{ fold: deep, of: member, count: descendants(member, below) }] };
  }
  const wide = `wide-${member.id}`;
  const ranked = known.toSorted((a, b) => rank(a) - rank(b) || a.number - b.number);
  const rest = opened.has(wide) ? 0 : folded(ranked.length, depth === 0 ? SHOWN : FEWER);
  // Behind a fold that was opened, so many generations are drawn again.
  const next = opened.has(deep) ? 1 : depth + 1;
  const shown = ranked.slice(0, ranked.length - rest).map((each) => grown(each, below, opened, next));
  return { member, below: [...shown, ...(rest === 0 ? [] : [{ fold: wide, of: member, count: rest }]), ...cut] };
}

function descendants(member, below) {
  let count = 0;
  let generation = [member];
  while (generation.length > 0) {
    generation = generation.flatMap((each) => below.get(each.id) ?? []);
    count += generation.length;
  }
  return count;
}

/** The front first, then those with children, then those with a result. */
function rank({ on_front: front, children, values }) {
  if (front) return 0;
  if (children > 0) return 1;
  return Object.keys(values).length > 0 ? 2 : 3;
}
