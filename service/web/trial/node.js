// What one node of a network is and costs.

import { el } from "../kit/dom.js";
import { count, number, quantity } from "../kit/format.js";
import { facts } from "../kit/parts.js";
import { words } from "./network.js";

const MOST_INDICES = 24;
const pair = (value) => value?.join("×");
const axes = (node) => ["height", "width", "channels"].filter((axis) => node[axis]?.some?.(Boolean))
  .map((axis) => `${axis} ${node[axis][0]} before, ${node[axis][1]} after`).join("; ");

/** The details of a node; `all` are those of its network, for shares. Without one, what to do. */
export function nodeDetails(node, all) {
  if (!node) return el("p", { class: "quiet" }, "Choose a node or a bar for its details.");
  const sum = (field) => all.reduce((total, each) => total + each[field], 0);
  const share = (field) => (node[field] ? ` (${number((100 * node[field]) / sum(field), 3)} %)` : "");
  const inputs = node.inputs.map((id) => all.find((each) => each.id === id)).filter(Boolean);
  return [
    el("p", {}, el("strong", {}, node.id), " ", words(node)),
    facts([
      ["kind", node.kind.replaceAll("_", " ")],
      ["reads", inputs.map((each) => `${each.id} ${pair(each.shape)}`).join(", ")],
      ["output", `${pair(node.shape)}, ${quantity(node.output_bytes, "B")}`],
      ["from", node.shrink === "outside" ? `${pair(node.raw_shape)}, shrunk by the driver` : null],
      ["filters", node.filters], ["units", node.units],
      ["kernel", pair(node.kernel)], ["window", pair(node.window)],
      ["stride", pair(node.stride)], ["padding", node.padding],
      ["adds", node.kind === "pad" ? axes(node) || "nothing" : null],
      ["activation", node.activation && node.activation !== "none" ? node.activation : null],
      ["batch norm", node.batch_norm ? "folded into weights and biases" : null],
      ["keeps", node.indices ? indices(node.indices) : null],
      ["weights", node.weights ? `${count(node.weights)}${share("weights")}` : null],
      ["flash", node.size_bytes ? `${count(node.size_bytes)} B${share("size_bytes")}` : null],
      ["MACs", node.macs ? `${count(node.macs)}${share("macs")}` : null],
      ["live while it runs", node.live_bytes === null ? null : `${count(node.live_bytes)} B`],
      ["runs", node.live_bytes === null ? "never: it only names values that are there" : null],
    ]),
  ];
}

const indices = (all) =>
  `${count(all.length)} units: ${all.slice(0, MOST_INDICES).join(", ")}${all.length > MOST_INDICES ? ", …" : ""}`;
