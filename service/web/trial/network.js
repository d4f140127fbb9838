// A network as a drawing: layers from top to bottom, branches side by side; a node can be chosen.

import { el, svg } from "../kit/dom.js";
import { count } from "../kit/format.js";
import { edge, fitted, frame, plate } from "./drawn.js";

const BOX = { width: 208, height: 46 };
const GAP = { across: 28, down: 26 };
const LANE = 20; // width of a line that passes a layer
const EDGE = 4;
const SHRINKS = 520; // a drawing no wider than this is still read on a narrow screen when it is shrunk to it
const LONGEST = 30; // characters in a box; all of them are in the node's details

// The padding that is not worth a word: same of convolutions, valid of pools.
const USUAL = { conv2d: "same", depthwise_conv2d: "same", max_pool: "valid", avg_pool: "valid" };

const pair = ([a, b]) => `${a}×${b}`;
const plus = (...words) => words.filter(Boolean).join(" ");

const WORDS = {
  input: (node) => (node.shrink === "outside" ? `input, from ${node.raw_shape.join("×")}` : "input"),
  conv2d: (node) => `conv ${pair(node.kernel)}, ${node.filters}`,
  depthwise_conv2d: (node) => `depthwise ${pair(node.kernel)}`,
  dense: (node) => `dense ${node.units}`,
  max_pool: (node) => `max pool ${pair(node.window)}`,
  avg_pool: (node) => `average pool ${pair(node.window)}`,
  global_avg_pool: () => "global average pool",
  gather: (node) => `gather ${node.indices.length}`,
  pad: (node) => `pad ${["height", "width", "channels"].filter((axis) => node[axis].some(Boolean))
    .map((axis) => `${axis} ${node[axis].join("+")}`).join(", ") || "nothing"}`,
  add: (node) => (node.inputs.length > 2 ? `add ${node.inputs.length}` : "add"),
  concat: (node) => `concat ${node.inputs.length}`,
};

/** What a node does, in a few words. */
export function words(node) {
  const main = (WORDS[node.kind] ?? (() => node.kind.replaceAll("_", " ")))(node);
  const pooled = node.window && node.stride && pair(node.window) === pair(node.stride);
  const [down, right] = node.stride ?? [1, 1];
  const steps = !pooled && (down > 1 || right > 1);
  const stride = steps ? `/${down === right ? down : pair(node.stride)}` : null;
  const window = node.kernel ?? node.window;
  return plus(main, stride, node.padding && pair(window) !== "1×1" && node.padding !== USUAL[node.kind] ? node.padding : null,
    node.batch_norm ? "· bn" : null,
    node.activation && node.activation !== "none" ? `· ${node.activation}` : null);
}

/** Give every node a layer (its longest way from the input) and every long line a place in between. */
function layered(nodes) {
  const depth = new Map();
  for (const node of nodes) {
    depth.set(node.id, node.inputs.length ? Math.max(...node.inputs.map((id) => depth.get(id))) + 1 : 0);
  }
  const layers = [];
  const put = (item) => (layers[item.layer] ??= []).push(item);
  const places = new Map();
  for (const node of nodes) {
    const item = { node, layer: depth.get(node.id), above: [] };
    places.set(node.id, item);
    put(item);
  }
  for (const node of nodes) {
    for (const id of node.inputs) {
      let last = places.get(id);
      for (let layer = last.layer + 1; layer < depth.get(node.id); layer += 1) {
        const lane = { node: null, layer, above: [last] };
        put(lane);
        last = lane;
      }
      places.get(node.id).above.push(last);
    }
  }
  return layers;
}

/** Set x and y of all items: each layer is sorted by where its inputs are, and centred. */
function arrange(layers) {
  const width = (item) => (item.node ? BOX.width : LANE);
  for (const [row, layer] of layers.entries()) {
    const middle = (item) => item.above.reduce((sum, above) => sum + above.x, 0) / (item.above.length || 1);
    // Of two items below one parent the node comes first, so that lines pass at its right.
    layer.sort((a, b) => middle(a) - middle(b) || (a.node ? 0 : 1) - (b.node ? 0 : 1));
    const whole = layer.reduce((sum, item) => sum + width(item) + GAP.across, -GAP.across);
    let left = -whole / 2;
    for (const item of layer) {
      item.x = left + width(item) / 2;
      item.y = row * (BOX.height + GAP.down);
      left += width(item) + GAP.across;
    }
  }
  const all = layers.flat();
  const leftmost = Math.min(...all.map((item) => item.x - width(item) / 2));
  const right = Math.max(...all.map((item) => item.x + width(item) / 2));
  return {
    items: all,
    left: leftmost - EDGE,
    width: right - leftmost + 2 * EDGE,
    height: layers.length * (BOX.height + GAP.down) - GAP.down + 2 * EDGE,
  };
}

function line(from, to) {
  const start = from.y + (from.node ? BOX.height : BOX.height / 2);
  const end = to.y + (to.node ? 0 : BOX.height / 2);
  const bend = (start + end) / 2;
  return edge(`M${from.x},${start} C${from.x},${bend} ${to.x},${bend} ${to.x},${end}`);
}

function box(item) {
  const { node } = item;
  const weights = node.weights ? ` · ${count(node.weights)} weights` : "";
  const place = `translate(${item.x - BOX.width / 2},${item.y})`;
  const told = `${node.id}: ${words(node)}; output ${node.shape.join("×")}${weights}`;
  return svg("g", { class: "node", "data-kind": node.kind, "data-node": node.id, transform: place },
  svg("title", {}, told),
  plate(BOX),
  svg("text", { class: "what", x: 20, y: 19 }, fitted(words(node), LONGEST)),
  svg("text", { class: "told", x: 20, y: 36 }, fitted(`${node.shape.join("×")}${weights}`, LONGEST)));
}

function sketch(layers) {
  const plan = arrange(layers);
  return frame({
    left: plan.left, top: -EDGE, width: plan.width, height: plan.height, class: plan.width <= SHRINKS ? "shrinks" : null,
  },
  plan.items.flatMap((item) => item.above.map((above) => line(above, item))),
  // A lane is a stretch of line through its layer.
  plan.items.filter((item) => item.node).map(box));
}

/** Which network of a trial there is: a pruned one is another when its training has ended. */
export const versionOf = ({ pruning, status }) =>
  (pruning !== null && ["completed", "stopped"].includes(status) ? "cut" : "whole");

/** A network to look at: nodes, each with its `shape` and number of `weights`. */
export function drawing(nodes) {
  const picture = sketch(layered(nodes));
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", nodes.map((node) => `${words(node)}, ${node.shape.join("×")}`).join("; "));
  return el("div", { class: "drawing network", tabindex: "0", role: "region", "aria-label": "The network" }, picture);
}

/** A network whose nodes can be chosen, in `root`; `choose` is told the id of a node that was chosen, or null. */
export class Network {
  constructor(choose) {
    this.root = el("div", { class: "drawing network", role: "group", "aria-label": "The network; arrow keys go from node to node" });
    this.choose = choose;
    this.rows = []; // the ids of each layer, from left to right
    this.root.addEventListener("click", (event) => this.clicked(event.target.closest("[data-node]")));
    this.root.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** Draw nodes, each with its `shape` and number of `weights`. */
  draw(nodes) {
    const layers = layered(nodes);
    this.rows = layers.map((layer) => layer.filter((item) => item.node).map((item) => item.node.id));
    this.root.replaceChildren(sketch(layers));
    for (const node of this.root.querySelectorAll("[data-node]")) {
      node.setAttribute("role", "button");
      node.setAttribute("aria-label", node.querySelector("title").textContent);
    }
    this.reach(this.rows[0][0]);
  }

  element(id) {
    return this.root.querySelector(`[data-node="${CSS.escape(id)}"]`);
  }

  /** One node at a time is a stop of the tab key. */
  reach(id) {
    for (const each of this.root.querySelectorAll("[data-node]")) {
      each.setAttribute("tabindex", each.dataset.node === id ? "0" : "-1");
    }
  }

  /** Mark a node as chosen; none with null. */
  mark(id) {
    for (const each of this.root.querySelectorAll("[data-node]")) {
      each.setAttribute("aria-pressed", String(each.dataset.node === id));
    }
    if (id === null) return;
    this.reach(id);
    // Not `scrollIntoView`, which would also move the page below a reader who clicked on a chart.
    const [box, node] = [this.root.getBoundingClientRect(), this.element(id).getBoundingClientRect()];
    if (node.top < box.top) this.root.scrollTop -= box.top - node.top + EDGE;
    if (node.bottom > box.bottom) this.root.scrollTop += node.bottom - box.bottom + EDGE;
  }

  clicked(node) {
    if (node) this.choose(node.getAttribute("aria-pressed") === "true" ? null : node.dataset.node);
  }

  pressed(event) {
    const node = event.target.closest("[data-node]");
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.rows.findIndex((ids) => ids.includes(node.dataset.node));
    const place = this.rows[row].indexOf(node.dataset.node);
    const beside = (at, ids) => ids?.[Math.min(at, ids.length - 1)];
    const next = {
      ArrowUp: () => beside(place, this.rows[row - 1]), ArrowDown: () => beside(place, this.rows[row + 1]),
      ArrowLeft: () => this.rows[row][place - 1], ArrowRight: () => this.rows[row][place + 1],
      Home: () => this.rows[0][0], End: () => this.rows.at(-1)[0],
    }[event.key];
    if (next) {
      const id = next();
      if (id) {
        this.reach(id);
        this.element(id).focus();
        this.choose(id);
      }
    } else if (event.key === "Enter" || event.key === " ") this.clicked(node);
    else if (event.key === "Escape") this.choose(null);
    else return;
    event.preventDefault();
  }
}
