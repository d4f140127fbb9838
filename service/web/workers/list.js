// The workers: what each is, holds and does, and when it was last heard of.

import { withQuery } from "../kit/address.js";
import { get, studyHref } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { ago, NONE, quantity, time } from "../kit/format.js";
import { pager, pill, table } from "../kit/parts.js";
import { search } from "../kit/search.js";

const PAGE = 100;
const MIB = 2 ** 20;
// A worker that waits for work asks anew every half minute or so, one that runs renews its lease.
const SILENT_S = 120;

export function workers({ root, query, signal, look, remember }) {
  const wanted = { contains: query.get("q") ?? "", cursor: query.get("cursor") ?? "" };
  const box = el("div", {});
  root.append(
    el("div", { class: "title" }, el("h1", {}, "Workers")),
    el("div", { class: "find" }, search(wanted.contains, find, signal)),
    box);

  function find(contains) {
    Object.assign(wanted, { contains, cursor: "" });
    remember({ q: contains, cursor: null });
    look();
  }

  return {
    title: () => "Workers · Tinyfront",
    follows: () => null,
    async refresh() {
      const asked = { ...wanted };
      const page = await get("/workers", { ...asked, limit: PAGE }, signal);
      show(box, page.items.length === 0 ? none(asked) : list(page), pages(page, asked));
    },
  };
}

const COLUMNS = ["worker", "state", "works on", "last heard", "trains on", "data sets", "versions"];

const list = (page) => table({
  label: "Workers",
  columns: COLUMNS.map((head) => ({ head, kind: "text" })),
  rows: page.items.map((worker) => {
    const heardAt = [worker.seen_at, ...worker.running.map((each) => each.heard_at)].sort().at(-1);
    const silentS = (new Date(page.now) - new Date(heardAt)) / 1000;
    return [
      [el("strong", {}, worker.name), below([worker.host, worker.pid === null ? null : `pid ${worker.pid}`])],
      pill(worker.running.length > 0 ? "running" : silentS < SILENT_S ? "waiting" : "silent"),
      works(worker.running),
      el("span", { title: time(heardAt) }, ago(silentS)),
      worker.accelerator === null ? "a program of its own"
        : [worker.accelerator === "cuda" ? "GPU (cuda)" : "CPU",
          below([worker.memory_mib === null ? null : quantity(worker.memory_mib * MIB, "B")])],
      holds(worker.data),
      versions(worker.versions, page.server_version),
    ];
  }),
});

const below = (words) => el("span", { class: "below block" }, words.filter(Boolean).join(" · "));

function works(running) {
  if (running.length === 0) return NONE;
  return el("ul", { class: "plain-list" }, running.map((each) => el("li", {},
    el("a", { href: `/trials/${each.trial_id}` }, `trial ${each.number}`), " of ",
    el("a", { href: studyHref({ name: each.study, id: each.study_id }) }, each.study))));
}

function holds(data) {
  if (data.length === 0) return NONE;
  return el("ul", { class: "plain-list" }, data.map((each) => el("li", {}, each.name, each.problem
    ? [" ", el("span", { class: "badge over", title: each.problem }, "cannot be used"), below([each.problem])]
    : null)));
}

// A release apart from the server's works, but does not know what the newer one can.
const versions = (own, server) => el("ul", { class: "plain-list below" }, Object.entries(own).map(([name, version]) =>
  el("li", {}, `${name} ${version}`, name === "tinyfront" && version !== server
    ? [" ", el("span", { class: "badge over" }, `server ${server}`)]
    : null)));

function none({ contains, cursor }) {
  if (contains || cursor) {
    return el("div", { class: "empty" },
      el("h2", {}, contains ? `No worker has “${contains}” in its name` : "No further worker"),
      el("p", {}, el("a", { href: "/workers" }, "All workers")));
  }
  return el("div", { class: "empty" },
    el("h2", {}, "No worker yet"),
    el("p", {}, "A worker trains networks. Start one on any machine that reaches this server, also on several; it takes ",
      "a GPU by itself, and the data sets in the folder that it is given. Where this server asks for keys, it takes one of the ",
      "role worker from ", el("code", {}, "TINYFRONT_API_KEY"), "."),
    el("pre", { class: "command", tabindex: "0" }, `tinyfront-server worker --server ${location.origin} --data-dir data`),
    el("p", { class: "quiet" }, "This page shows it as soon as it has said what it is."));
}

function pages(page, { contains, cursor }) {
  if (!cursor && page.next === null) return null;
  const address = (to) => withQuery("/workers", { q: contains, cursor: to });
  return pager(
    cursor ? el("a", { href: address("") }, "First page") : null,
    page.next === null ? null : el("a", { href: address(page.next), rel: "next" }, "Next →"));
}
