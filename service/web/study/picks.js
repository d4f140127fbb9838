// Trials picked to be compared, by their numbers; they stay in the address.

import { studyHref } from "../kit/api.js";
import { el } from "../kit/dom.js";
import { chip } from "../kit/parts.js";

export const LEAST = 2;
export const MOST = 4;

/** The numbers in a text such as `7,12,19`, each once. */
export const numbersIn = (text) =>
  [...new Set((text ?? "").split(",").map(Number).filter((each) => Number.isSafeInteger(each) && each > 0))];

export const compareHref = (study, numbers) => `${studyHref(study)}/compare?trials=${numbers.join(",")}`;

export class Picks {
  constructor(query, remember) {
    this.numbers = numbersIn(query.get("pick")).slice(0, MOST);
    this.remember = remember;
    this.listeners = new Set();
  }

  get full() {
    return this.numbers.length >= MOST;
  }

  has(number) {
    return this.numbers.includes(number);
  }

  /** Take a trial in, if there is room, or out. */
  toggle(number) {
    if (this.has(number)) this.set(this.numbers.filter((each) => each !== number));
    else if (!this.full) this.set([...this.numbers, number]);
  }

  set(numbers) {
    this.numbers = numbers;
    this.remember({ pick: numbers.join(",") });
    for (const listener of this.listeners) listener();
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** What is picked, and the way to the comparison; buttons marked data-pick take a trial out. */
export function pickBar(study, picks) {
  const enough = picks.numbers.length >= LEAST;
  return el("div", { class: "picks", role: "group", "aria-label": "Picked to compare" },
    picks.numbers.length === 0
      ? el("p", { class: "quiet" }, "Pick two to four to compare: the boxes here, or Shift and a click in the chart.")
      : [
        el("ul", { class: "chips" }, picks.numbers.map((number) =>
          chip(`Trial ${number}`, `Take trial ${number} out`, { "data-pick": number }))),
        enough ? el("a", { class: "button primary", href: compareHref(study, picks.numbers) }, `Compare ${picks.numbers.length}`)
          : el("span", { class: "quiet" }, "and one more to compare"),
        el("button", { type: "button", class: "plain", "data-unpick": "" }, "Clear"),
      ]);
}
