// The trials that a table shows, all its pages, as a file.

import { get } from "../kit/api.js";
import { count } from "../kit/format.js";
import { hand } from "../kit/give.js";

const AT_ONCE = 1000;
const PLAIN = ["number", "id", "status", "on_front", "feasible", "designer", "origin", "worker", "finished_at"];

/** Read what `parameters` ask for page by page and hand it over; `button` tells how far it is. */
export async function save(button, path, parameters, study, signal) {
  const told = button.textContent;
  button.disabled = true;
  try {
    const items = [];
    let cursor = null;
    do {
      const page = await get(path, { ...parameters, limit: AT_ONCE, cursor }, signal);
      items.push(...page.items);
      cursor = page.next;
      button.textContent = `${count(items.length)} of ${count(page.total)} …`;
    } while (cursor !== null);
    const table = button.dataset.save === "csv";
    hand(`${study.name}.${table ? "csv" : "json"}`, table ? "text/csv" : "application/json",
      table ? csv(items, study.objectives.map((each) => each.name)) : `${JSON.stringify(items, null, 1)}\n`);
    button.textContent = told;
  } catch (error) {
    button.textContent = `${told}: ${error.message || "the server does not answer"}`;
  } finally {
    button.disabled = false;
  }
}

function csv(items, names) {
  const rows = items.map((trial) => [...PLAIN.map((name) => trial[name]), ...names.map((name) => trial.values[name])]);
  return [[...PLAIN, ...names], ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
