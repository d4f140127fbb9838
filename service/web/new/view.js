// A new study: a form on its definition, which is also there as JSON, as a program and as a command.

import { create, get, newKey, Problem, studyHref, studyPath } from "../kit/api.js";
import { words } from "../kit/dialog.js";
import { el, show } from "../kit/dom.js";
import { tell } from "../kit/notice.js";
import { crumbs } from "../kit/parts.js";
import { box } from "./box.js";
import { Draft, nextName, written } from "./draft.js";
import { act as button, faults, read, slot, write } from "./fields.js";
import { networks } from "./networks.js";
import { Source } from "./source.js";

// While no worker holds data, look again for one that has come.
const WAIT_MS = 4000;
const KINDS = [
  ["networks", "Networks for a board", "Workers train them; size and memory are known beforehand."],
  ["parameters", "Any other black box", "Your own program tries parameters and tells the results."],
];

export function newStudy({ root, query, signal, look, needKey, go }) {
  const like = query.get("like");
  const draft = new Draft(like);
  const facts = { data: [], devices: [] };
  let apart = []; // what is wrong and belongs to no field
  let busy = false;
  let timer = null;

  const head = el("div", {});
  const fields = el("div", {});
  const foot = el("div", { class: "foot" });
  const form = el("form", { class: "new", novalidate: true }, fields, foot);
  const source = new Source(draft, () => draw());
  faults.clear();

  function draw() {
    show(head, crumbs(["Studies", "/"], ["New study"]),
      el("h1", {}, like ? `New study like ${like}` : "New study"), kinds(draft.kind));
    show(fields, draft.kind === "networks" ? networks(draft.definition, facts) : box(draft.definition));
    show(foot, summary(apart, busy, draft));
    for (const control of fields.querySelectorAll("[data-at]")) write(control, draft.at(JSON.parse(control.dataset.at)));
    source.draw();
  }

  function put(path, value) {
    draft.put(path, value);
    faults.delete(slot(path));
    draw();
  }

  form.addEventListener("input", (event) => {
    const { at, type } = event.target.dataset;
    if (at === undefined) return;
    const value = read(event.target);
    const path = JSON.parse(at);
    if (path.at(-1) === "kind" && path[1] === "parameters") {
      draft.turnParameter(path.slice(0, -1), value);
      draw();
    } else put(path, type === "when" && value !== undefined ? { [value]: [] } : value);
  });
  head.addEventListener("change", (event) => {
    if (event.target.name !== "kind") return;
    faults.clear();
    apart = [];
    draft.turn(event.target.value);
    draw();
  });
  form.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-do]");
    if (pressed) changeRows(pressed);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });

  function changeRows({ dataset }) {
    const lists = { objective: ["objectives"], parameter: ["space", "parameters"], line: JSON.parse(dataset.atList ?? "null") };
    const [verb, what] = dataset.do.split("-");
    if (dataset.do === "use-budget") return put(["objectives", Number(dataset.place), "limit"], Number(dataset.value));
    if (dataset.do === "begin-anew") return beginAnew();
    if (dataset.do === "show") return lead(dataset.to);
    const path = lists[what];
    const rows = draft.at(path) ?? [];
    faults.clear(); // places have moved
    const fresh = { objective: {}, parameter: { kind: "real" }, line: "" }[what];
    const left = verb === "add" ? [...rows, fresh] : rows.filter((_, place) => place !== Number(dataset.place));
    put(path, left.length === 0 && what === "line" ? undefined : left);
    if (verb === "add") fields.querySelector(`[data-at^='${JSON.stringify([...path, rows.length]).slice(0, -1)}']`)?.focus();
    else [...fields.querySelectorAll(`[data-do=add-${what}]`)].find((add) => add.dataset.atList === dataset.atList)?.focus();
  }

  async function beginAnew() {
    draft.forget();
    draft.begin();
    faults.clear();
    apart = [];
    if (like) await begin();
    draw();
    fields.querySelector("[data-at]")?.focus();
  }

  async function begin() {
    const study = await get(studyPath(like), {}, signal);
    draft.replace(written(study.definition, nextName(study.name)));
  }

  async function send() {
    if (busy) return;
    if (draft.text !== null) {
      apart = [{ message: "What stands as JSON is none yet. Correct it, or go back to what the form shows." }];
      draw();
      source.focus();
      return;
    }
    busy = true;
    faults.clear();
    apart = [];
    draw();
    const body = JSON.stringify(draft.definition);
    // The same study again after a lost answer goes under the same key, and is created once.
    if (draft.sent?.body !== body) draft.sent = { body, key: newKey() };
    draft.keep();
    try {
      const { body: study, isNew } = await create("/studies", draft.definition, draft.sent.key);
      draft.forget();
      go(studyHref(study));
      tell(isNew ? `Study ${study.name} was created.` : `Study ${study.name} exists already, exactly like this. Here it is.`);
    } catch (error) {
      if (error instanceof Problem && error.status === 401) needKey(); // what was typed is kept
      else refused(error);
    } finally {
      busy = false;
      if (!signal.aborted) draw();
    }
  }

  function refused(error) {
    const told = error instanceof Problem ? error.faults : [];
    if (error instanceof Problem && error.status === 409) told.splice(0, told.length, { field: "name", message: error.message });
    for (const { field, message } of told) place(field, message, error.remedy);
    if (told.length === 0) apart = [{ message: words(error) }];
    busy = false;
    draw();
    const [first] = faults.keys();
    if (first === undefined) foot.querySelector("[role=alert]")?.focus();
    else lead(first);
  }

  /** Put a message where its field stands, or the nearest group around it. */
  function place(field, message, remedy) {
    const slots = [...fields.querySelectorAll("[data-slot]")].map((each) => each.dataset.slot);
    const near = slots.filter((each) => field === each || field?.startsWith(`${each}.`)).sort((a, b) => b.length - a.length)[0];
    const bare = field && message.startsWith(`${field}: `) ? message.slice(field.length + 2) : message;
    const first = faults.size === 0 && apart.length === 0;
    const whole = `${near === field ? bare : `${field ? `${field}: ` : ""}${bare}`}${first && remedy ? ` ${remedy}` : ""}`;
    if (near === undefined) apart.push({ message: whole });
    else faults.set(near, faults.has(near) ? `${faults.get(near)} ${whole}` : whole);
  }

  /** Bring the reader to the field that a message belongs to. */
  function lead(to) {
    const message = fields.querySelector(`[data-slot="${CSS.escape(to)}"]`);
    message?.closest("details")?.setAttribute("open", "");
    const control = [...fields.querySelectorAll("[data-at]")].find((each) => slot(JSON.parse(each.dataset.at)) === to)
      ?? message?.parentElement.querySelector("[data-at], button");
    control?.focus();
    control?.scrollIntoView({ block: "center" });
  }

  return {
    title: () => "New study · Tinyfront",
    follows: () => false,
    async refresh() {
      const [data, devices] = await Promise.all([get("/data", {}, signal), get("/devices", {}, signal)]);
      if (like && !draft.isKept) await begin();
      draft.isKept = true;
      Object.assign(facts, { data: data.items, devices: devices.items });
      draw();
      if (data.items.length === 0) timer = setTimeout(look, WAIT_MS);
    },
    entered() {
      root.append(head, el("div", { class: "new-columns" }, form, source.box));
      draw();
      fields.querySelector("[data-at]")?.focus({ preventScroll: true });
    },
    dispose: () => clearTimeout(timer),
  };
}

const kinds = (now) =>
  el("fieldset", { class: "kinds" }, el("legend", { class: "unseen" }, "What kind of study"),
    KINDS.map(([kind, title, about]) => el("label", { "data-on": kind === now },
      el("input", { type: "radio", name: "kind", value: kind, checked: kind === now }),
      el("span", {}, el("strong", {}, title), el("span", { class: "below block" }, about)))));

function summary(apart, busy, draft) {
  const placed = [...faults.keys()].filter((each) => faults.get(each));
  const many = placed.length + apart.length;
  return [
    many === 0 ? null : el("div", { class: "faults", role: "alert", tabindex: "-1" },
      el("p", {}, many === 1 ? "One thing is to be corrected:" : `${many} things are to be corrected:`),
      el("ul", {}, apart.map(({ message }) => el("li", {}, message)),
        placed.map((each) => el("li", {}, button("show", each, { class: "link", "data-to": each })))),
    ),
    el("div", { class: "row" },
      el("button", { type: "submit", class: "primary", "data-needs": "user", "aria-disabled": busy ? "true" : null },
        busy ? "Creating …" : `Create ${draft.definition.name ?? "study"}`),
      el("p", { class: "quiet", "data-lacks": "user" }, "Your key may look at studies, but not create any: that takes one of the role user."),
      button("begin-anew", "Begin anew")),
  ];
}
