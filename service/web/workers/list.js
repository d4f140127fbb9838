// The workers: what each is, holds and does, and when it was last heard of.

import { withQuery } from "../kit/address.js";
import { get } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { pager, table } from "../kit/parts.js";
import { search } from "../kit/search.js";
import { below, holds, lastHeard, state, trainsOn, versions, workerHref, works } from "./parts.js";

const PAGE = 100;

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
  rows: page.items.map((worker) => [
    [el("a", { href: workerHref(worker.name) }, el("strong", {}, worker.name)),
      below([worker.host, worker.pid === null ? null : `pid ${worker.pid}`])],
    state(worker, page.now),
    works(worker.running),
    lastHeard(worker, page.now),
    trainsOn(worker, (memory) => below([memory])),
    holds(worker.data),
    versions(worker.versions, page.server_version),
  ]),
});

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
