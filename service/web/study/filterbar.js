// The filters of a study to see and to set: a chip for each, a form for the keyboard, and a board to fit.

import { isNetwork } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { count, quantity, short, unitBeside } from "../kit/format.js";
import { chip } from "../kit/parts.js";
import { FITTED, MOST_RANGES } from "./filters.js";

const SENSES = [["<=", "at most"], [">=", "at least"]];

export class FilterBar {
  /** `what` is counted: that of which some pass. */
  constructor(filters, what = "on the front") {
    this.filters = filters;
    this.what = what;
    this.chips = el("div", {});
    this.form = el("form", { class: "controls", "aria-label": "A range to filter by", novalidate: true });
    this.wrong = el("p", { class: "wrong", id: "filter-wrong", role: "alert" });
    this.count = el("p", { class: "quiet", role: "status" });
    this.box = el("section", { class: "sieve", "aria-label": "Filters" }, this.form, this.wrong, this.chips, this.count);
    this.study = null;
    this.stop = filters.subscribe(() => this.show());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.add();
    });
    this.form.addEventListener("change", ({ target }) => {
      if (target.name === "device") filters.set({ device: target.value || null });
      if (target.name === "figure") this.show();
    });
    this.chips.addEventListener("click", (event) => {
      const { clear } = event.target.closest("[data-clear]")?.dataset ?? {};
      if (clear === undefined) return;
      const [kind, name] = JSON.parse(clear);
      if (kind === "all") filters.set({ ranges: [], device: null });
      else filters.set(kind === "device" ? { device: null } : { ranges: filters.without(name) });
      // The button is gone; the keyboard goes on at the next one, or at the form.
      (this.chips.querySelector("button") ?? this.form.elements.namedItem("figure")).focus();
    });
  }

  /** `objectives` as the views use them. */
  refresh(study, objectives) {
    Object.assign(this, { study, objectives });
    this.show();
  }

  add() {
    const { figure, sense, limit } = this.form.elements;
    const value = limit.value.trim() === "" ? NaN : Number(limit.value);
    this.wrong.textContent = !Number.isFinite(value) ? `${figure.value}: need a number, such as 0.05 or 64000.`
      : this.filters.full(figure.value, sense.value) ? `There are ${MOST_RANGES} ranges, which is the most; clear one first.` : "";
    limit.setAttribute("aria-invalid", String(this.wrong.textContent !== ""));
    if (this.wrong.textContent) {
      limit.focus();
      return;
    }
    limit.value = "";
    this.filters.set({ ranges: [...this.filters.ranges, { name: figure.value, sense: sense.value, limit: value }] });
  }

  /** Say how many pass. */
  counted(passing, total) {
    this.count.textContent = this.filters.any ? `${count(passing)} of ${count(total)} ${this.what} pass` : "";
  }

  show() {
    if (this.study === null) return;
    show(this.form, this.range(), this.boards());
    const device = this.form.elements.namedItem("device");
    if (device && device !== document.activeElement) device.value = this.filters.device ?? "";
    show(this.chips, this.filters.any ? el("ul", { class: "chips" }, this.all()) : null);
  }

  range() {
    const network = isNetwork(this.study);
    const names = this.objectives.map((each) => each.name);
    const more = network ? FITTED.map(([name]) => name).filter((name) => !names.includes(name)) : [];
    const chosen = this.form.elements.namedItem("figure")?.value ?? names[0];
    const unit = unitBeside(this.figure(chosen));
    return [
      el("label", {}, el("span", {}, "Filter"), el("select", { name: "figure", "aria-label": "Figure to filter by" },
        [...names, ...more].map((name) => el("option", { value: name }, name)))),
      el("label", {}, el("select", { name: "sense", "aria-label": "At most or at least" },
        SENSES.map(([value, words]) => el("option", { value }, words)))),
      el("label", {}, el("input", {
        type: "text", inputmode: "decimal", name: "limit", size: "8", autocomplete: "off", maxlength: "24",
        "aria-label": "Limit", "aria-describedby": "filter-wrong",
      }), el("span", { class: "unit" }, unit)),
      el("button", { type: "submit" }, "Add"),
    ];
  }

  boards() {
    const devices = [...(this.filters.devices?.values() ?? [])];
    if (!isNetwork(this.study) || devices.length === 0) return null;
    const own = this.study.definition.device;
    devices.sort((a, b) => (b.name === own) - (a.name === own) || a.name.localeCompare(b.name));
    const asked = this.filters.device;
    return el("label", { class: "board" }, el("span", {}, "fits"), el("select", { name: "device", "aria-label": "Board to fit" },
      el("option", { value: "" }, "any board"),
      devices.map((each) => el("option", { value: each.name },
        `${each.name}${each.name === own ? " (this study’s)" : ""}: ${quantity(each.flash_bytes, "B")} flash, ${quantity(each.sram_bytes, "B")} SRAM`)),
      asked === null || this.filters.devices.has(asked) ? null : el("option", { value: asked }, asked)));
  }

  figure(name) {
    return this.objectives.find((each) => each.name === name)
      ?? { name, unit: FITTED.some(([fitted]) => fitted === name) ? "B" : null };
  }

  /** A chip for each figure and one for the board, each with its clear button. */
  all() {
    const { ranges, device } = this.filters;
    const names = [...new Set(ranges.map((each) => each.name))];
    const chips = names.map((name) => {
      const value = (sense) => ranges.find((each) => each.name === name && each.sense === sense)?.limit;
      const write = (limit) => short(limit, { ...this.figure(name), accuracy: false });
      const [low, high] = [value(">="), value("<=")];
      const words = [low === undefined || high === undefined ? null : `${write(low)} ≤ `, name,
        high !== undefined ? ` ≤ ${write(high)}` : ` ≥ ${write(low)}`].filter(Boolean).join("");
      return filter(words, ["range", name]);
    });
    if (device !== null) chips.push(filter(this.filters.board, ["device"]));
    if (chips.length > 1) {
      chips.push(el("li", {}, el("button", { type: "button", class: "plain", "data-clear": '["all"]' }, "Clear all")));
    }
    return chips;
  }

  dispose() {
    this.stop();
  }
}

const filter = (words, what) => chip(words, `Clear ${words}`, { "data-clear": JSON.stringify(what) });
