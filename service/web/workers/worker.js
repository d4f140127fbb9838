// A worker: what it is, holds and does, and what it said last.

import { get } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { time } from "../kit/format.js";
import { crumbs, facts, section } from "../kit/parts.js";
import { holds, lastHeard, state, trainsOn, versions, workerHref, works } from "./parts.js";

const MOST = 200; // lines, as the service keeps

export function worker({ root, words: [name], signal }) {
  const head = el("div", {});
  const log = new Log();
  root.append(head, log.root);
  const path = workerHref(name);

  return {
    title: () => `${name} · Workers · Tinyfront`,
    follows: () => null,
    async refresh() {
      const [found, told] = await Promise.all([
        get(path, {}, signal),
        get(`${path}/log`, log.last > 0 ? { after: log.last } : {}, signal),
      ]);
      show(head, about(found));
      log.add(told.items);
    },
  };
}

const about = (worker) => [
  crumbs(["Workers", "/workers"], [worker.name]),
  el("div", { class: "title" }, el("h1", {}, worker.name), state(worker, worker.now)),
  facts([
    ["works on", works(worker.running)],
    ["last heard", lastHeard(worker, worker.now)],
    ["first heard", time(worker.first_seen_at)],
    ["node", worker.host],
    ["pid", worker.pid === null ? null : `${worker.pid}`],
    ["trains on", trainsOn(worker, (memory) => `, ${memory}`)],
  ]),
  facts([
    ["data sets", worker.data.length === 0 ? null : holds(worker.data)],
    ["versions", Object.keys(worker.versions).length === 0 ? null : versions(worker.versions, worker.server_version)],
  ]),
];

/** The last lines, the newest first: what is new stands where one looks, and what one reads stays as it is. */
class Log {
  constructor() {
    this.last = 0; // the id of the newest line
    this.lines = el("ol", { class: "log" });
    this.none = el("p", { class: "quiet" }, "This worker has not said anything yet.",
      " A program of your own, and a worker of an earlier release, tell nothing.");
    this.root = section("Log", this.none, this.lines);
    this.root.hidden = true; // until one knows which of the two
  }

  add(items) {
    if (items.length > 0) this.last = items.at(-1).id;
    this.lines.prepend(...items.map(line).reverse());
    [...this.lines.children].slice(MOST).forEach((each) => each.remove());
    this.none.hidden = this.last > 0;
    this.lines.hidden = this.last === 0;
    this.root.hidden = false;
  }
}

const line = ({ at, level, text }) => el("li", { "data-level": level },
  el("time", { datetime: at, title: at }, time(at)),
  el("span", { class: "level" }, level),
  el("span", { class: "said" }, text));
