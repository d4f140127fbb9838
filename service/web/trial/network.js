// A network as a drawing: layers from top to bottom, branches side by side.

import { el, svg } from "../kit/dom.js";
import { count } from "../kit/format.js";

const BOX = { width: 208, height: 46 };
const GAP = { across: 28, down: 26 };
const LANE = 20; // width of a line that passes a layer
const EDGE = 4;

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
};

/** What a node does, in a few words. */
export function words(node) {
  const main = (WORDS[node.kind] ?? (() => node.kind.replaceAll("_", " ")))(node);
  const pooled = node.window && node.stride && pair(node.window) === pair(node.stride);
  const [down, right] = node.stride ?? [1, 1];
  const steps = !pooled && (down > 1 || right > 1);
  const stride = steps ? `/${down === right ? down : pair(node.stride)}` : null;
  return plus(main, stride, node.padding === "valid" && node.kernel && pair(node.kernel) !== "1×1" ? "valid" : null,
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
  return svg("path", { class: "edge", d: `M${from.x},${start} C${from.x},${bend} ${to.x},${bend} ${to.x},${end}` });
}

function box(item) {
  const { node } = item;
  const weights = node.weights ? ` · ${count(node.weights)} weights` : "";
  const place = `translate(${item.x - BOX.width / 2},${item.y})`;
  return svg("g", { class: "node", "data-kind": node.kind, transform: place },
    svg("title", {}, `${node.id}: ${words(node)}; output ${node.shape.join("×")}${weights}`),
    svg("rect", { width: BOX.width, height: BOX.height, rx: 6 }),
    svg("rect", { class: "stripe", width: 4, height: BOX.height - 12, x: 6, y: 6, rx: 2 }),
    svg("text", { class: "what", x: 20, y: 19 }, words(node)),
    svg("text", { class: "shape", x: 20, y: 36 }, `${node.shape.join("×")}${weights}`));
}

/** Draw the nodes of a network, each with its `shape` and number of `weights`. */
export function drawing(nodes) {
  const plan = arrange(layered(nodes));
  const text = nodes.map((node) => `${words(node)}, ${node.shape.join("×")}`).join("; ");
  return el("div", { class: "network", tabindex: "0", role: "region", "aria-label": "The network" },
    svg("svg", {
      viewBox: `${plan.left} ${-EDGE} ${plan.width} ${plan.height}`, width: plan.width, height: plan.height,
      role: "img", "aria-label": text,
    },
    plan.items.flatMap((item) => item.above.map((above) => line(above, item))),
    // A lane is a stretch of line through its layer.
    plan.items.filter((item) => item.node).map(box)));
}
