// What the drawings of a trial have in common: a network, and the family that it stands in.

import { svg } from "../kit/dom.js";

/** A text for so many characters; whoever shortens it says the whole of it elsewhere. */
export const fitted = (text, most) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

/** A line from one thing drawn to another. */
export const edge = (path) => svg("path", { class: "edge", d: path });

/** The frame of a drawing: `left` and `top` are where it begins, in its own units. */
export const frame = ({ left, top, width, height, ...more }, ...children) =>
  svg("svg", { viewBox: `${left} ${top} ${width} ${height}`, width, height, ...more }, children);

/** The box of something drawn, with a stripe that tells its kind. */
export const plate = ({ width, height }) => [
  svg("rect", { width, height, rx: 6 }),
  svg("rect", { class: "stripe", width: 4, height: height - 12, x: 6, y: 6, rx: 2 }),
];
