// What the page asks of the service. A refusal is a Problem; silence is Away.

import { withQuery } from "./address.js";

const ROOT = "/api/v1";
/** In place of a study: all that the reader may see. */
export const ALL = Symbol("all studies");
const PATIENCE_MS = 20000;
const NOT_MODIFIED = 304;

/** The service understood and refused: its problem+json. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.title = body.title ?? "Refused";
    this.remedy = body.remedy ?? null;
    this.field = body.field ?? null;
    /** All that is wrong with a form, each with its field; the first is the problem itself. */
    this.faults = body.errors ?? [{ field: this.field, message: this.message }];
  }
}

/** The service did not answer, or said that it cannot at present. */
export class Away extends Error {}

export const get = (path, parameters = {}, signal = undefined) =>
  ask(withQuery(path, parameters), {}, signal);

// A chart of ten thousand points is a megabyte, and each choice of its axes has an address.
const MOST_HELD = 16;

/** Reads the same addresses again and again; an answer that is still the same is not sent again. */
export class Reader {
  constructor() {
    this.held = new Map();
  }

  /** As `get`; what has not changed is the same object as before. */
  async get(path, parameters = {}, signal = undefined) {
    const address = withQuery(path, parameters);
    const before = this.held.get(address);
    const headers = before ? { "If-None-Match": before.tag } : {};
    const { answer, body } = await exchange(address, { headers }, signal);
    if (answer.status === NOT_MODIFIED) return before.body;
    const tag = answer.headers.get("ETag");
    if (tag === null) return body;
    this.held.set(address, { tag, body });
    if (this.held.size > MOST_HELD) this.held.delete(this.held.keys().next().value);
    return body;
  }
}

/** Ask for a change; `body` goes as JSON. */
export const send = (method, path, body = null, headers = {}) =>
  ask(path, body === null ? { method, headers } : {
    method, body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers },
  });

/** Create something once: under the same `key` the same request has no second effect. */
export async function create(path, wanted, key) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const { answer, body } = await exchange(path, { method: "POST", body: JSON.stringify(wanted), headers });
  return { body, isNew: answer.status === 201 };
}

/** A text that nobody had before. `crypto.randomUUID` is there only on safe origins. */
export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const ask = async (path, options, signal) => (await exchange(path, options, signal)).body;

async function exchange(path, options, signal = undefined) {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const either = signal ? AbortSignal.any([signal, patience]) : patience;
  const headers = { Accept: "application/json", ...options.headers };
  try {
    const answer = await fetch(`${ROOT}${path}`, { ...options, signal: either, headers });
    // A proxy answers 502 or 504 for a server that is gone; the service itself says 503.
    if ([502, 503, 504].includes(answer.status)) throw new Away(`${answer.status}`);
    if (answer.status === NOT_MODIFIED) return { answer, body: null };
    const body = answer.status === 204 ? null : await answer.json();
    if (!answer.ok) throw new Problem(answer.status, body);
    return { answer, body };
  } catch (error) {
    if (error instanceof Problem || error instanceof Away) throw error;
    if (signal?.aborted) throw error;
    throw new Away(String(error));
  }
}

export const studyPath = (study) => `/studies/${encodeURIComponent(study)}`;
/** The address of a study on this page. A name of digits would be taken for a number by the service. */
export const studyHref = (study) => `/studies/${encodeURIComponent(studyRef(study))}`;
export const studyRef = (study) => (/^\d+$/.test(study.name) ? String(study.id) : study.name);
export const trialsHref = (study) => `${studyHref(study)}/trials`;
/** Of a study, or of all of them. */
export const eventsAddress = (study) => `${ROOT}${study === ALL ? "" : studyPath(study)}/events`;
export const artefactAddress = (trial, name) =>
  `${ROOT}/trials/${trial}/artefacts/${encodeURIComponent(name)}`;
export const exportAddress = (study, format) => `${ROOT}${studyPath(study)}/export?format=${format}`;

/** Whether a study searches for networks; else it has any black box. */
export const isNetwork = (study) => study.data !== null || study.definition?.data != null;

/** Objectives as the views use them: `accuracy` marks the error of a network, which is a share. */
export function objectivesOf(study) {
  const network = isNetwork(study);
  return study.objectives.map((each) => ({ ...each, accuracy: network && each.name === "error" }));
}
