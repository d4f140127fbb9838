// What the table of trials is asked for, as its address says it: state, filters, order and page.

import { withQuery } from "../kit/address.js";
import { FITTED, MOST_RANGES, read, write } from "./filters.js";

export const PAGE = 50;
export const STATES = ["queued", "running", "completed", "stopped", "infeasible", "failed", "cancelled"];
const NAME = /^[A-Za-z_][\w:.@-]{0,63}$/;

/** Read an address; what it cannot mean is left out. */
export function asked(query) {
  const sort = NAME.test(query.get("sort") ?? "") ? query.get("sort") : null;
  const orders = sort === null ? ["newest", "oldest"] : ["lowest", "highest"];
  return {
    status: STATES.includes(query.get("status")) ? query.get("status") : "",
    ...write(read(query)),
    sort,
    order: orders.includes(query.get("order")) ? query.get("order") : orders[0],
    page: Math.max(1, Math.min(20000, Number.parseInt(query.get("page") ?? "1", 10) || 1)),
    board: query.get("board"), // of a trial's memory; the table does not look at it
  };
}

/** The address of the same table with some of it changed; a change other than of the page begins at the first. */
export function address(path, now, changes = {}) {
  const { status, where, device, sort, order, page, board } = { ...now, page: 1, ...changes };
  return withQuery(path, {
    status, where, device, sort, order: ["newest", "lowest"].includes(order) ? null : order,
    page: page > 1 ? page : null, board,
  });
}

/** The same as the service takes it, without a place in the list; `devices` as the service lists them. */
export function parameters({ status, where, device, sort, order }, devices) {
  const board = devices.find((each) => each.name === device);
  const fits = board ? FITTED.map(([name, has]) => `${name}<=${board[has]}`) : [];
  return { status, where: [...where, ...fits].slice(0, MOST_RANGES), sort, order };
}

/** The next order when the head of a column is chosen: the best first, then turned round. */
export function turned(now, column, goal) {
  if (column === "number") {
    return { sort: null, order: now.sort === null && now.order === "newest" ? "oldest" : "newest" };
  }
  const first = goal === "maximize" ? "highest" : "lowest";
  const other = first === "lowest" ? "highest" : "lowest";
  return { sort: column, order: now.sort === column && now.order === first ? other : first };
}

export const sortedAs = (now, column) => {
  if ((now.sort ?? "number") !== column) return "none";
  return ["newest", "highest"].includes(now.order) ? "descending" : "ascending";
};

/** A range in words, as `error ≤ 0.1`. */
const rangeWords = (range) => range.replace("<=", " ≤ ").replace(">=", " ≥ ");

/** What the table shows and in which order, in words. */
export function words({ status, where, device, sort, order }) {
  const parts = [status, ...where.map(rangeWords), device ? `fits ${device}` : null].filter(Boolean);
  const by = sort === null ? `${order} first` : `by ${sort}, ${order} first`;
  return [...parts, by].join(", ");
}
