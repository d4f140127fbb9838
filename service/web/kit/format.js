// Numbers, units and times as people read them. Bytes are decimal: 1 kB is 1,000 B.

// By hand: to make the browser's own formatters takes as long as all else of a view.
const whole = (value) => value.toFixed(0).replace(/\B(?=(\d{3})+$)/g, ",");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
const two = (value) => String(value).padStart(2, "0");
const minute = (at) => `${two(at.getHours())}:${two(at.getMinutes())}`;
const clock = (at) => `${minute(at)}:${two(at.getSeconds())}`;
const day = (at) => `${at.getDate()} ${MONTHS[at.getMonth()]}, ${minute(at)}`;
const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

export const NONE = "–";
const MINUS = "\u2212";
const missing = (value) => value === null || value === undefined || Number.isNaN(value);

export const count = (value) => (missing(value) ? NONE : whole(value));

/** Up to `digits` significant digits, without trailing zeros, with a real minus. */
export function number(value, digits = 5) {
  if (missing(value)) return NONE;
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return whole(value).replace("-", MINUS);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4)
    ? value.toExponential(digits - 1).replace(/\.?0+e/, "e")
    : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", MINUS);
}

/** A quantity with a decimal prefix: 2.77 kB. */
export function quantity(value, unit) {
  if (missing(value)) return NONE;
  for (const [size, prefix] of PREFIXES) {
    if (Math.abs(value) >= size) return `${number(value / size, 3)}\u00a0${prefix}${unit}`;
  }
  return unit === "" ? number(value, 4) : `${number(value, 4)}\u00a0${unit}`;
}

/** An error as the share that was right: 0.02 is 98.00 %. */
export const accuracy = (error) => (missing(error) ? NONE : `${(100 * (1 - error)).toFixed(2)}\u00a0%`);

// What is counted, and so whole; milliseconds and millijoules are not.
const COUNTED = ["B", "MACs", "instructions"];
export const counted = (unit) => COUNTED.includes(unit);

/** What a figure tells, without how it is counted or on which core: `model_size`, `instructions`. */
export const familyOf = (figure) => figure.split(/[:@]/)[0];

/** The unit to write where the name of the objective stands, too: "" if that says it already. */
export const unitBeside = ({ name, unit }) => (unit && familyOf(name) !== unit ? unit : "");

/** A value of an objective for a table, exact; its unit stands in the column's head. */
export function exact(value, objective) {
  if (missing(value)) return NONE;
  if (counted(objective.unit)) return whole(value);
  return objective.accuracy ? value.toFixed(4) : number(value, 5);
}

/** A value of an objective in running text. */
export function short(value, objective) {
  if (missing(value)) return NONE;
  if (counted(objective.unit)) return quantity(value, unitBeside(objective));
  return objective.unit ? `${exact(value, objective)}\u00a0${objective.unit}` : exact(value, objective);
}

/** What a data set of images holds. */
export const images = (data) => `${(data.shape ?? []).join("×")}, ${plural(data.classes, "class", "classes")}, `
  + `${[data.train, data.validation, data.test].map(count).join(" / ")} to train, validate, test`;

export function time(iso) {
  if (!iso) return NONE;
  const at = new Date(iso);
  return new Date().toDateString() === at.toDateString() ? clock(at) : day(at);
}

/** How long something took, in two units at most. What is shown is rounded first: 59 min 60 s is an hour. */
export function span(seconds) {
  if (missing(seconds)) return NONE;
  if (Math.round(10 * seconds) < 600) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${count(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

export const duration = (fromIso, toIso) =>
  (fromIso && toIso ? span(Math.max(0, (new Date(toIso) - new Date(fromIso)) / 1000)) : NONE);

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** How long ago something was, to one unit: 12 s ago. */
export function ago(seconds) {
  if (missing(seconds)) return NONE;
  const whole = (unit) => Math.round(Math.max(0, seconds) / unit);
  if (whole(1) < 60) return `${whole(1)} s ago`;
  if (whole(60) < 60) return `${whole(60)} min ago`;
  if (whole(3600) < 24) return `${whole(3600)} h ago`;
  return `${plural(whole(86400), "day")} ago`;
}
