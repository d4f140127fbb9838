// The page: which view an address shows, when it looks again, and what it says when it cannot.

import { Away, Problem } from "./kit/api.js";
import { el, show } from "./kit/dom.js";
import { time } from "./kit/format.js";
import { follow } from "./kit/live.js";
import { signIn, tellWho } from "./kit/session.js";
import { studies } from "./studies/list.js";
import { compare } from "./study/compare.js";
import { study } from "./study/overview.js";
import { trial } from "./trial/trial.js";
import { trials } from "./study/trials.js";

const ROUTES = [
  [/^\/$/, studies],
  [/^\/studies\/([^/]+)$/, study],
  [/^\/studies\/([^/]+)\/trials$/, trials],
  [/^\/studies\/([^/]+)\/compare$/, compare],
  [/^\/trials\/(\d+)$/, trial],
];
// Pause between two looks, so that a study with many results a second does not keep everyone busy:
// three times as long as the look took, within these limits.
const LEAST_MS = 500;
const MOST_MS = 3000;
const SHARE = 3;
const RETRY_MS = [2000, 4000, 8000, 15000];

const main = document.getElementById("main");
const banner = document.getElementById("banner");
const live = document.getElementById("live");

/** One address on display. */
class Visit {
  constructor(view, words, scroll) {
    this.stopped = new AbortController();
    this.root = el("div", { class: "view" });
    this.scroll = scroll;
    this.state = "idle"; // or looking, or pausing
    this.again = null; // or that somebody asked meanwhile: soon, now
    this.following = null; // or live, or polling
    this.seenAt = null;
    this.tries = 0;
    this.view = view({
      root: this.root,
      words,
      query: new URLSearchParams(location.search),
      signal: this.stopped.signal,
      look: () => this.look("now"),
      remember,
      go,
    });
  }

  start() {
    main.replaceChildren(this.root);
    this.root.append(el("p", { class: "quiet", "data-loading": "" }, "Loading …"));
    this.look();
  }

  /**
   * Read and show anew: "now" if the reader asked, else "soon". All who ask while a look is under way
   * are answered by one more.
   */
  look(when = "soon") {
    if (this.stopped.signal.aborted) return;
    if (this.state === "looking" || (this.state === "pausing" && when === "soon")) {
      if (this.again !== "now") this.again = when;
      return;
    }
    clearTimeout(this.timer);
    clearTimeout(this.pause);
    this.state = "looking";
    this.again = null;
    const begun = performance.now();
    this.view
      .refresh(this.stopped.signal)
      .then(() => this.shown(), (error) => this.failed(error))
      .finally(() => this.rest(performance.now() - begun));
  }

  rest(tookMs) {
    this.state = "pausing";
    const long = Math.min(MOST_MS, Math.max(LEAST_MS, SHARE * tookMs));
    this.pause = setTimeout(() => {
      this.state = "idle";
      if (this.again) this.look();
    }, this.again === "now" ? 0 : long);
  }

  shown() {
    if (this.stopped.signal.aborted) return;
    const first = this.seenAt === null;
    this.seenAt = new Date();
    this.tries = 0;
    banner.hidden = true;
    if (this.following) tellLive(this.following);
    if (document.title !== this.view.title()) document.title = this.view.title();
    if (!first) return;
    this.root.querySelector("[data-loading]")?.remove();
    this.unfollow = follow(this.view.follows(), () => this.look(), (state) => {
      this.following = state;
      tellLive(state);
    });
    if (this.scroll) window.scrollTo(0, this.scroll);
  }

  failed(error) {
    if (this.stopped.signal.aborted) return;
    const broken = error instanceof Problem && error.status >= 500;
    if (error instanceof Away || broken) {
      const since = this.seenAt ? ` What you see is from ${time(this.seenAt.toISOString())}.` : "";
      tellAway(`${broken ? error.message : "The server does not answer."}${since}`);
      this.timer = setTimeout(() => this.look(), RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)]);
      this.tries += 1;
      return;
    }
    banner.hidden = true;
    this.unfollow?.();
    live.hidden = true;
    document.title = "Tinyfront";
    if (error instanceof Problem && error.status === 401) {
      askForKey();
      return;
    }
    if (!(error instanceof Problem)) console.error(error);
    show(main, missing(error));
  }

  stop() {
    this.stopped.abort();
    clearTimeout(this.timer);
    clearTimeout(this.pause);
    this.unfollow?.();
    this.view.dispose?.();
  }
}

function askForKey() {
  document.getElementById("who").hidden = true;
  const form = signIn(() => {
    visitHere();
    tellWho();
    main.focus({ preventScroll: true });
  });
  main.replaceChildren(el("div", { class: "view" }, form));
  document.getElementById("key").focus();
}

function missing(error) {
  const known = error instanceof Problem;
  return el("div", { class: "view missing" },
    el("h1", {}, known && error.status === 404 ? "Not found" : known ? error.title : "Something went wrong"),
    el("p", {}, known ? error.message : "The page could not show this; the browser's console has the details."),
    known && error.remedy ? el("p", { class: "quiet" }, error.remedy) : null,
    el("p", {}, el("a", { href: "/" }, "All studies")));
}

function tellLive(state) {
  live.hidden = false;
  live.dataset.state = state;
  const text = document.getElementById("live-text");
  const words = state === "live" ? "Live" : state === "polling" ? "Updates every 4 s" : "No connection";
  if (text.textContent !== words) text.textContent = words;
}

function tellAway(words) {
  document.getElementById("banner-text").textContent = words;
  banner.hidden = false;
  if (!live.hidden) tellLive("away");
}

let visit = null;

function visitHere(scroll = 0) {
  visit?.stop();
  banner.hidden = true;
  live.hidden = true;
  const path = decodeURI(location.pathname).replace(/(.)\/$/, "$1");
  const found = ROUTES.map(([form, view]) => [path.match(form), view]).find(([match]) => match);
  const nav = document.querySelector("[data-nav=studies]");
  if (path === "/") nav.setAttribute("aria-current", "page");
  else nav.removeAttribute("aria-current");
  if (!found) {
    visit = null;
    show(main, missing(new Problem(404, { detail: "There is no such page.", title: "Not found" })));
    return;
  }
  visit = new Visit(found[1], found[0].slice(1).map(decodeURIComponent), scroll);
  visit.start();
}

/** Keep the reader's choices in the address, without a new entry in the history; a list is repeated. */
function remember(parameters) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(parameters)) {
    query.delete(name);
    for (const each of [value].flat()) if (each !== null && each !== "") query.append(name, each);
  }
  history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
}

function go(address, state = null) {
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
  history.pushState(state, "", address);
  visitHere();
  window.scrollTo(0, 0);
  main.focus({ preventScroll: true }); // a reader of the screen hears that the page changed
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.href);
  if (to.origin !== location.origin || to.hash || link.hasAttribute("download")) return;
  if (link.hasAttribute("data-outside") || to.pathname.startsWith("/api/")) return;
  event.preventDefault();
  go(to.pathname + to.search, link.dataset.trail ? { trail: JSON.parse(link.dataset.trail) } : null);
});
window.addEventListener("popstate", (event) => visitHere(event.state?.scroll ?? 0));
window.addEventListener("scrollend", () => {
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
});
document.getElementById("banner-retry").addEventListener("click", () => {
  visit?.look("now");
});
history.scrollRestoration = "manual"; // the browser would scroll before there is anything
visitHere(history.state?.scroll ?? 0);
tellWho();
