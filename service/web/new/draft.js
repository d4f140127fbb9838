// A study that is being written: its definition, as it will be sent. It outlives a reload and a new sign-in.

const DEFAULTS = {
  designer: "bayes", designer_options: {}, seed: 0, ahead: 0, think_s: 5, max_attempts: 3, constraints: [], training: {},
};
const FRESH = {
  networks: {
    space: { kind: "tiny" }, device: "stm32f446re",
    objectives: [{ name: "error" }, { name: "model_size:deployed" }, { name: "working_memory:arena" }],
    trials: 100,
  },
  parameters: {
    space: { kind: "parameters", parameters: [{ name: "x", kind: "real", low: 0, high: 1 }] },
    objectives: [{ name: "cost" }],
    trials: 40,
  },
};

const copy = (value) => JSON.parse(JSON.stringify(value));
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/** Objects of a list; a pasted definition may hold anything in their place. */
export const rows = (value) => (Array.isArray(value) ? value : []).map((each) => (isObject(each) ? each : {}));

export class Draft {
  /** @param like the study that this one begins as; null for none. */
  constructor(like) {
    this.store = `tinyfront-new:${like ?? ""}`;
    this.isKept = false;
    this.begin();
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.store));
      if (kept) Object.assign(this, kept, { isKept: true });
    } catch {
      // What cannot be read was not written by this page: begin anew.
    }
  }

  begin() {
    this.kind = "networks";
    this.definitions = copy(FRESH);
    this.text = null; // what stands in the field for JSON while it is none
    this.sent = null; // the last definition that was sent, with its key
  }

  get definition() {
    return this.definitions[this.kind];
  }

  /** Write another kind of study; each keeps what was written of it, the name belongs to both. */
  turn(kind) {
    const { name } = this.definition;
    this.kind = kind;
    this.put(["name"], name);
  }

  /** Take a whole definition. */
  replace(definition) {
    this.kind = definition.space?.kind === "parameters" ? "parameters" : "networks";
    this.definitions[this.kind] = brief(definition);
    this.text = null;
    this.keep();
  }

  at(path) {
    return path.reduce((place, step) => place?.[step], this.definition);
  }

  /** Let a parameter be of another kind, without the fields of the one before. */
  turnParameter(path, kind) {
    const { name, low, high, log, values, ordered, when } = this.at(path);
    const own = kind === "choice" ? { values, ordered } : { low, high, log };
    this.put(path, JSON.parse(JSON.stringify({ name, kind, ...own, when })));
  }

  /** Put a value; undefined takes a field out, and an object that is empty then. */
  put(path, value) {
    put(this.definition, path, value);
    this.keep();
  }

  keep() {
    const { kind, definitions, text, sent } = this;
    sessionStorage.setItem(this.store, JSON.stringify({ kind, definitions, text, sent }));
  }

  forget() {
    sessionStorage.removeItem(this.store);
  }
}

function put(place, [step, ...rest], value) {
  if (rest.length > 0) {
    if (!isObject(place[step]) && !Array.isArray(place[step])) place[step] = {};
    put(place[step], rest, value);
    if (isObject(place[step]) && Object.keys(place[step]).length === 0 && value === undefined) delete place[step];
  } else if (value === undefined && !Array.isArray(place)) delete place[step];
  else place[step] = value ?? "";
}

/** A definition with its constraints as texts, the form in which they are written. */
function brief(definition) {
  if (!Array.isArray(definition.constraints)) return definition;
  const constraints = definition.constraints.map((each) => (isObject(each) && each.name !== undefined
    ? `${each.name} ${each.goal === "maximize" ? ">=" : "<="} ${each.limit}` : each));
  return { ...definition, constraints };
}

/** The definition of a study as somebody would write it: without what is as it would be anyway. */
export function written(definition, name) {
  const kept = Object.entries(bare(definition))
    .filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULTS[field]));
  const whole = { ...Object.fromEntries(kept), name };
  const { known, ...space } = whole.space;
  // An objective brings its expression; the space holds it, too, once the study is stored.
  const own = Object.entries(known ?? {}).filter(([figure]) =>
    !whole.objectives.some((each) => each.name === figure && each.expression));
  whole.space = own.length ? { ...space, known: Object.fromEntries(own) } : space;
  whole.objectives = whole.objectives.map((each) => without(each, "goal", "minimize"));
  if (whole.plateau === undefined) delete whole.plateau_growth;
  return { name: whole.name, ...whole };
}

const without = (object, field, value) =>
  Object.fromEntries(Object.entries(object).filter(([name, own]) => name !== field || own !== value));

/** Without nulls, at any depth. In a recipe a null says something: there the search decides. */
function bare(value, inside = "") {
  if (Array.isArray(value)) return value.map((each) => bare(each));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value)
    .filter(([, own]) => own !== null || inside === "training" || inside === "space")
    .map(([name, own]) => [name, bare(own, inside || name)]));
}

/** A name like this one that says that it is another: oven becomes oven-2. */
export function nextName(name) {
  const [, stem, number] = name.match(/^(.*?)(?:-(\d+))?$/);
  const tail = `-${number === undefined ? 2 : Number(number) + 1}`;
  return `${stem.slice(0, 64 - tail.length)}${tail}`;
}
