// One trial: what came out against what was expected, its network, its training, its files.

import { ChartSection } from "../charts/section.js";
import { get } from "../kit/api.js";
import { el, show } from "../kit/dom.js";
import { hand } from "../kit/give.js";
import { address, asked } from "../study/asked.js";
import { Predictions } from "../study/predictions.js";
import { askToCancel } from "./cancel.js";
import { head, neighbours } from "./head.js";
import { Lineage } from "./lineage.js";
import { training } from "./training.js";
import { MemoryChart } from "./memory.js";
import { Network, versionOf } from "./network.js";
import { nodeDetails } from "./node.js";
import { proposal } from "./proposal.js";
import { verification } from "./verification.js";
import { attempts, copy, files, snippets } from "./work.js";

const RUNNING_MS = 2000;
// Where arrow keys already do something.
const TAKES_ARROWS = "input, select, textarea, summary, [role=region], [data-node], [contenteditable], .js-plotly-plot";

export function trial({ root, words: [id], query, signal, look, remember, go }) {
  const boxes = Object.fromEntries(["head", "training", "title", "about", "proposal", "rest"]
    .map((each) => [each, el("div", { class: `box-${each}` })]));
  const lineage = new Lineage();
  let table = asked(query);
  const carried = () => address("", table, { page: table.page });
  const picture = new Network(choose);
  const learning = new ChartSection("Learning curve", { label: "Metrics over the steps of the training", height: 280 });
  const memory = new MemoryChart({
    board: table.board ?? table.device,
    choose,
    pick: (board) => {
      table = { ...table, board };
      remember({ board });
      look();
    },
  });
  const kept = new Predictions({
    title: "Were the predictions of this study kept?", open: (other) => go(`/trials/${other}${carried()}`), trial: Number(id),
  });
  const drawn = el("section", { hidden: true }, boxes.title, boxes.about, picture.root);
  root.append(boxes.head, boxes.training,
    el("div", { class: "columns" }, drawn, el("div", {}, memory.box, learning.box)),
    lineage.box, boxes.proposal, kept.box, boxes.rest);
  let about = null;
  let study = null;
  let again = null;
  let nodes = [];
  let devices = null;
  const seen = { network: null, family: null };

  /** A node of the network and its bar in the memory are one thing. */
  function choose(node) {
    picture.mark(node);
    memory.mark(node);
    show(boxes.about, nodeDetails(nodes.find((each) => each.id === node), nodes));
  }

  async function network(version) {
    if (seen.network === version || about.graph === null) return;
    const found = await get(`/trials/${id}/network`, {}, signal);
    nodes = found.nodes;
    drawn.hidden = false;
    show(boxes.title, el("h2", {}, found.proposed ? "Network, as proposed" : "Network"),
      found.proposed ? el("p", { class: "quiet" }, "Pruning takes parts of it away.") : null);
    picture.draw(nodes);
    choose(null);
    seen.network = version;
  }

  async function family() {
    const version = JSON.stringify([about.parent, about.children, about.status, about.on_front]);
    if (version === seen.family || (about.parent === null && about.children.length === 0)) return;
    const found = await get(`/trials/${id}/lineage`, {}, signal);
    lineage.show(found, study);
    seen.family = version;
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (document.querySelector("dialog[open]") || event.target.closest?.(TAKES_ARROWS)) return;
    const step = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    if (step) root.querySelector(`[data-step=${step}]`)?.click();
  }, { signal });
  root.addEventListener("click", (event) => {
    const at = (name) => event.target.closest(`[data-${name}]`);
    if (at("cancel")) askToCancel(about, look);
    if (at("copy")) copy(at("copy"));
    if (at("graph")) hand(`trial-${id}-graph.json`, "application/json", `${JSON.stringify(about.graph, null, 1)}\n`);
  });

  return {
    title: () => `Trial ${about.number} of ${study.name} · Tinyfront`,
    follows: () => study.id,
    async refresh() {
      about = await get(`/trials/${id}`, {}, signal);
      devices ??= about.graph !== null || table.device !== null ? (await get("/devices", {}, signal)).items : [];
      const [found, beside] = await Promise.all([
        get(`/studies/${about.study_id}`, {}, signal), neighbours(about, table, devices, signal)]);
      study = found;
      show(boxes.head, head(about, study, { beside, query: carried(), table }));
      show(boxes.training, training(about));
      show(boxes.proposal, proposal(about));
      show(boxes.rest, verification(about), attempts(about), files(about), snippets(about, study));
      const version = versionOf(about);
      const reports = about.reports.length;
      await Promise.all([
        network(version),
        memory.refresh(about, study, devices, version, signal),
        learning.refresh(reports && `/trials/${id}/figures/learning`, reports, signal),
        family(),
        about.prediction !== null && kept.refresh(study, signal),
      ]);
      clearTimeout(again);
      // Reports are no events: they are too many.
      if (about.status === "running") again = setTimeout(look, RUNNING_MS);
    },
    dispose() {
      clearTimeout(again);
      for (const each of [learning, memory, kept]) each.dispose();
    },
  };
}
