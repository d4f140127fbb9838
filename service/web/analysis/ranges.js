// The ranges kept on parallel axes: those of objectives are the study's filters, those of parameters
// stand in the address as `keep=low~high~name`, since a name may hold anything.

const KEEP = /^([^~]*)~([^~]*)~(.+)$/s;

export class Ranges {
  constructor(query, filters, remember) {
    this.filters = filters;
    this.remember = remember;
    this.own = new Map(query.getAll("keep").map((text) => text.match(KEEP)).filter(Boolean)
      .map(([, low, high, name]) => [name, [end(low), end(high)]])
      .filter(([, ends]) => ends.some((each) => each !== null)));
  }

  /** The ranges on these axes, by name: [low, high], null for an open end. */
  of(axes) {
    const kept = new Map();
    for (const { name, kind } of axes) {
      const ends = kind === "objective" ? this.filtered(name) : this.own.get(name) ?? null;
      if (ends !== null) kept.set(name, ends);
    }
    return kept;
  }

  filtered(name) {
    const mine = this.filters.ranges.filter((each) => each.name === name);
    if (mine.length === 0) return null;
    const at = (sense) => mine.find((each) => each.sense === sense)?.limit ?? null;
    return [at(">="), at("<=")];
  }

  limit({ name, kind }, low, high) {
    if (kind === "objective") {
      this.filters.limit(name, low, high);
      return;
    }
    if (low === null && high === null) this.own.delete(name);
    else this.own.set(name, [low, high]);
    this.remember({ keep: [...this.own].map(([of, ends]) => `${ends.map((each) => each ?? "").join("~")}~${of}`) });
  }
}

function end(text) {
  const value = Number(text);
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}
