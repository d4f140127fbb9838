// The same study as a program and as a command.

import { isObject } from "./draft.js";

const FIELDS = [
  "name", "space", "objectives", "trials", "epochs", "hours", "plateau", "plateau_growth", "stopping", "constraints", "data",
  "binary", "device", "needs", "designer", "designer_options", "training", "seed", "ahead", "think_s", "max_attempts", "confirm",
];
const WISHES = ["bound", "limit", "ideal", "reference", "log", "expression"];
const ORDER = ["space", "data", "binary", "device", "objectives", "constraints"];
const WORD = /^[a-z_]\w*$/i;
// No parameter of ours is called so, but a field of a pasted definition may be.
const RESERVED = ["class", "def", "for", "if", "in", "is", "lambda", "not", "or", "and", "None", "True", "False", "import", "from"];

/** A program that creates the study. */
export function python(definition, url) {
  const used = new Set(["Client"]);
  const call = Object.keys(definition).every((field) => FIELDS.includes(field))
    ? creation(definition, used) : `tf.create_study_from(${literal(definition, 0)})`;
  const names = [...used].sort((a, b) => Number(a < "a") < Number(b < "a") || a > b ? 1 : -1);
  return `from tinyfront import ${names.join(", ")}

tf = Client(${JSON.stringify(url)})  # the key, if any, from TINYFRONT_API_KEY
study = ${call}
`;
}

function creation(definition, used) {
  const { name, ...rest } = definition;
  const order = (field) => (ORDER.includes(field) ? ORDER.indexOf(field) : ORDER.length);
  const lines = Object.keys(rest).sort((a, b) => order(a) - order(b)).map((field) => `    ${field}=${argument(field, rest[field], used)},`);
  return `tf.create_study(\n    ${literal(name ?? "NAME", 1)},\n${lines.join("\n")}\n)`;
}

function argument(field, value, used) {
  if (field === "objectives" && Array.isArray(value)) {
    return `[\n${value.map((each) => `        ${objective(each, used)},\n`).join("")}    ]`;
  }
  if (field === "space" && isObject(value)) return value.kind === "parameters" ? parameters(value, used) : cnn(value, used);
  return literal(value, 1);
}

function objective(each, used) {
  const { name, goal = "minimize", ...wishes } = each;
  const able = name !== undefined && ["minimize", "maximize"].includes(goal) && Object.keys(wishes).every((wish) => WISHES.includes(wish));
  if (!able) return literal(each, 2);
  used.add(goal);
  return called(goal, [literal(name, 2), ...named(wishes)]);
}

function cnn({ kind, ...ranges }, used) {
  if (!Object.keys(ranges).every(isName)) return literal({ kind, ...ranges }, 1);
  used.add("Cnn");
  return called("Cnn", [...(kind === "tiny" ? [] : [literal(kind, 1)]), ...named(ranges)]);
}

const CLASSES = { real: "Real", integer: "Integer", choice: "Choice" };
const TAKEN = { real: ["low", "high", "log", "when"], integer: ["low", "high", "log", "when"], choice: ["values", "ordered", "when"] };

function parameters(space, used) {
  const { parameters: all = [], constraints = [], ...others } = space;
  const able = Object.keys(others).length === 1 && all.every((each) => TAKEN[each.kind]
    && Object.keys(each).every((field) => ["name", "kind", ...TAKEN[each.kind]].includes(field)));
  if (!able) return literal(space, 1);
  used.add("Parameters");
  const lines = all.map(({ kind, name, low, high, values, ...rest }) => {
    used.add(CLASSES[kind]);
    const ends = kind === "choice" ? [values ?? []] : [low, high];
    return called(CLASSES[kind], [literal(name ?? "", 2), ...ends.map((end) => literal(end, 2)), ...named(rest)]);
  });
  if (constraints.length) lines.push(`constraints=${literal(constraints, 2)}`);
  return `Parameters(\n${lines.map((line) => `        ${line},\n`).join("")}    )`;
}

const isName = (word) => WORD.test(word) && !RESERVED.includes(word);
const called = (name, parts) => `${name}(${parts.join(", ")})`;
const named = (fields) => Object.entries(fields).map(([name, value]) => `${name}=${literal(value, 2)}`);

/** A JSON value as Python writes it; a text is the same in both. */
function literal(value, depth) {
  if (value === undefined || value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map((each) => literal(each, depth)).join(", ")}]`;
  if (isObject(value)) return `{${Object.entries(value).map(([name, own]) => `${JSON.stringify(name)}: ${literal(own, depth)}`).join(", ")}}`;
  return JSON.stringify(value);
}

/** A command that creates the study. */
export function command(definition, url) {
  const server = url === "http://127.0.0.1:8000" ? [] : [`--url ${quoted(url)}`];
  if (definition.space?.kind === "parameters") {
    const file = `${definition.name ?? "NAME"}.json`;
    return `cat > ${quoted(file)} <<'END'\n${JSON.stringify(definition, null, 2)}\nEND\n`
      + `${["tinyfront study create", `--file ${quoted(file)}`, ...server].join(" ")}\n`;
  }
  return `${[`tinyfront study create ${quoted(definition.name ?? "NAME")}`, ...options(definition), ...server].join(" \\\n  ")}\n`;
}

const PLAIN = { data: "data", binary: "binary", device: "device", trials: "trials", epochs: "total-epochs", hours: "hours",
  plateau: "plateau", designer: "designer", seed: "seed" };

function options(definition) {
  const { name, space = {}, objectives = [], constraints = [], stopping, training = {}, ...rest } = definition;
  const { kind, ...ranges } = space;
  const { rule, ...rules } = stopping ?? {};
  const { epochs, preset, ...recipe } = training;
  return [
    ...(kind === undefined ? [] : [`--space ${quoted(kind)}`]),
    ...objectives.map((each) => `--objective ${quoted(shortly(each))}`),
    ...constraints.map((each) => `--constraint ${quoted(each)}`),
    ...Object.entries(PLAIN).filter(([field]) => rest[field] !== undefined).map(([field, option]) => `--${option} ${quoted(rest[field])}`),
    ...(rule === undefined ? [] : [`--stopping ${quoted(rule)}`]),
    ...(preset === undefined ? [] : [`--training ${quoted(preset)}`]),
    ...(epochs === undefined ? [] : [`--epochs ${quoted(epochs)}`]),
    ...settings("space", ranges), ...settings("stopping", rules), ...settings("training", recipe),
    ...objectives.flatMap(({ name: _name, goal, bound, limit, ...others }, place) => settings(`objectives.${place}`, others)),
    ...Object.entries(rest).filter(([field]) => !(field in PLAIN)).map(([field, value]) => setting(field, value)),
  ];
}

const settings = (path, fields) => Object.entries(fields).map(([field, value]) => setting(`${path}.${field}`, value));
const setting = (path, value) => `--set ${quoted(`${path}=${JSON.stringify(value)}`)}`;

/** An objective as the command reads it: `error<=0.1`, `model_size<=16000!`. */
function shortly({ name, goal, bound, limit }) {
  const sign = goal === "maximize" ? ">=" : "<=";
  const wishes = [bound === undefined ? "" : `${sign}${bound}`, limit === undefined ? "" : `${sign}${limit}!`].join("");
  return `${goal === "maximize" && wishes === "" ? "max " : ""}${name ?? ""}${wishes}`;
}

/** A word for a shell. */
const quoted = (value) => (/^[\w./:=-]+$/.test(String(value)) ? String(value) : `'${String(value).replaceAll("'", "'\\''")}'`);
