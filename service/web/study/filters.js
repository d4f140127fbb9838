// The filters of a study: one state for all its charts and tables, kept in the address.
//
// `?where=error<=0.1&where=model_size:deployed>=900&device=stm32f446re`, as the API's list of trials
// takes it. A link marked data-carries leads on with the filters that hold.

import { withQuery } from "../kit/address.js";

const RANGE = /^\s*([A-Za-z_][A-Za-z0-9_:.@-]{0,63})\s*([<>]=)\s*([^\s<>=!]+)\s*$/;
/** The API takes so many. */
export const MOST_RANGES = 8;
// What a device bounds; as the API, what has no such figure fits everywhere.
export const FITTED = [["model_size:deployed", "flash_bytes"], ["working_memory:arena", "sram_bytes"]];

/** One range as a text, or null for what is none. */
function range(text) {
  const found = text.match(RANGE);
  const limit = found ? Number(found[3]) : NaN;
  return Number.isFinite(limit) ? { name: found[1], sense: found[2], limit } : null;
}

/** What an address asks for; whatever cannot be read in it is left out. */
export function read(query) {
  const ranges = query.getAll("where").map(range).filter(Boolean);
  return { ranges: tidy(ranges), device: query.get("device") || null };
}

/** The same as parameters of an address, or of the API's list of trials. */
export const write = ({ ranges, device }) => ({
  where: ranges.map(({ name, sense, limit }) => `${name}${sense}${limit}`), device,
});

/** The last word on each end of each figure. */
function tidy(ranges) {
  const last = new Map(ranges.map((each) => [`${each.name}${each.sense}`, each]));
  return [...last.values()].slice(0, MOST_RANGES);
}

const keeps = (value, { sense, limit }) =>
  value !== null && value !== undefined && (sense === "<=" ? value <= limit : value >= limit);

/** The filters of the study whose address is shown. `remember` is the page's: it writes the address. */
export class Filters {
  constructor(query, remember) {
    Object.assign(this, read(query));
    this.remember = remember;
    this.devices = null; // by name, from the API, as soon as somebody knows them
    this.listeners = new Set();
  }

  get any() {
    return this.ranges.length > 0 || this.device !== null;
  }

  /** Call `listener` after each change; returns how to stop that. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Take over what is named: `ranges`, `device`; the rest stays as it is. */
  set({ ranges = this.ranges, device = this.device }) {
    this.ranges = tidy(ranges);
    this.device = device;
    this.remember(write(this));
    carry();
    this.tell();
  }

  /** Limit one figure to `low` and `high`, either of which may be null. */
  limit(name, low, high) {
    const ends = [[">=", low], ["<=", high]].filter(([, at]) => at !== null)
      .map(([sense, limit]) => ({ name, sense, limit }));
    this.set({ ranges: [...this.without(name), ...ends] });
  }

  without(name) {
    return this.ranges.filter((each) => each.name !== name);
  }

  /** Whether another range of this figure would still be one too many for the API. */
  full(name, sense) {
    return this.ranges.length >= MOST_RANGES
      && !this.ranges.some((each) => each.name === name && each.sense === sense);
  }

  /** Say which devices there are; until then the filter by device lets everything pass. */
  know(devices) {
    this.devices = new Map(devices.map((each) => [each.name, each]));
    if (this.device !== null) this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener(this);
  }

  /** The figures that the filters look at. */
  get names() {
    const fitted = this.device === null ? [] : FITTED.map(([name]) => name);
    return [...new Set([...this.ranges.map(({ name }) => name), ...fitted])];
  }

  /**
   * The figures beside `objectives`, by name, that filters look at; those of a board are among them
   * where one can be fitted, so that nothing is fetched for a filter.
   */
  beside(objectives, fitted) {
    const figures = [...(fitted ? FITTED.map(([name]) => name) : []), ...this.names];
    return [...new Set(figures)].filter((name) => !objectives.includes(name));
  }

  /** What the filter by a board says. */
  get board() {
    const unknown = this.devices !== null && !this.devices.has(this.device);
    return unknown ? `${this.device}: no such board, all pass` : `fits ${this.device}`;
  }

  /** Whether a trial with these values, by name, passes. */
  passes(values) {
    return this.judge((name) => name)(values);
  }

  /**
   * A test for rows in which the value of a figure lies at `place(name)`; prepared once, since a
   * chart has ten thousand rows. A place of -1 or null: the rows do not have this figure.
   */
  judge(place) {
    const device = this.devices?.get(this.device);
    const known = (at) => at !== null && at !== -1;
    const ranges = this.ranges.map((each) => [place(each.name), each]);
    const fitted = !device ? [] : FITTED.map(([name, has]) => [place(name), device[has]])
      .filter(([at]) => known(at));
    return (row) => ranges.every(([at, each]) => known(at) && keeps(row[at], each))
      && fitted.every(([at, most]) => (row[at] ?? 0) <= most);
  }
}

/** Let links marked data-carries lead on with the filters in the address. */
function carry() {
  for (const link of document.querySelectorAll("a[data-carries]")) {
    link.setAttribute("href", `${link.getAttribute("href").split("?")[0]}${carried()}`);
  }
}

/** The query of a link that leads on with the filters in the address. */
export const carried = () => withQuery("", write(read(new URLSearchParams(location.search))));
