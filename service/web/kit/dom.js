// Elements. All text goes through text nodes, so nothing that comes from the server becomes markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/**
 * Make `old` look like `fresh` and change only what differs: focus, selection, scroll positions and
 * open <details> survive an update. Elements marked data-keep belong to somebody else, a chart above all.
 */
export function morph(old, fresh) {
  if (old.dataset?.keep !== undefined) return;
  syncAttributes(old, fresh);
  const before = [...old.childNodes];
  const after = [...fresh.childNodes];
  after.forEach((node, place) => {
    const present = before[place];
    if (present === undefined) old.append(node);
    else if (present.nodeType !== node.nodeType || present.nodeName !== node.nodeName) present.replaceWith(node);
    else if (node.nodeType === Node.TEXT_NODE) {
      if (present.data !== node.data) present.data = node.data;
    } else morph(present, node);
  });
  before.slice(after.length).forEach((node) => node.remove());
}

function syncAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    // What the reader opened stays open.
    if (!fresh.hasAttribute(name) && !(old.tagName === "DETAILS" && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

/** Show `children` in `box` by the least change. */
export function show(box, ...children) {
  const fresh = box.cloneNode(false);
  fill(fresh, {}, children);
  morph(box, fresh);
}
