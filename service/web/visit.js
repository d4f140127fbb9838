// One address on display: when its view looks again, and what is said when it cannot.

import { Away, Problem } from "./kit/api.js";
import { go, remember } from "./kit/address.js";
import { el, show } from "./kit/dom.js";
import { time } from "./kit/format.js";
import { follow } from "./kit/live.js";
import { signIn, tellWho } from "./kit/session.js";

// Pause between two looks, so that a study with many results a second does not keep everyone busy:
// three times as long as the look took, within these limits.
const LEAST_MS = 500;
const MOST_MS = 3000;
const SHARE = 3;
const RETRY_MS = [2000, 4000, 8000, 15000];

const main = document.getElementById("main");
const banner = document.getElementById("banner");
const live = document.getElementById("live");

let visit = null;

/**
 * Show a view in place of what is shown.
 *
 * @param load promises what makes the view: a function from what it may use to `refresh`, `title`,
 *   `follows` (the study whose events it follows, ALL, null to ask every few seconds, false to look
 *   once), `concerns` (whether it looks again for an event with these data; by default for each) and
 *   `dispose`.
 * @param words the parts of the address that name what is shown.
 * @param scroll where the reader was before.
 * @param isNew whether the reader came by a link of the page; then the title is said aloud.
 */
export function visitAt(load, words, scroll, isNew) {
  leave();
  visit = new Visit(load, words, scroll, isNew);
  visit.start();
}

/** Say that there is no such page. */
export function visitNothing() {
  leave();
  show(main, missing(new Problem(404, { detail: "There is no such page.", title: "Not found" })));
}

function leave() {
  visit?.stop();
  visit = null;
  banner.hidden = true;
  live.hidden = true;
}

class Visit {
  constructor(load, words, scroll, isNew) {
    this.repeat = () => visitAt(load, words, 0, false);
    this.load = load;
    this.words = words;
    this.view = null; // until it is loaded
    this.stopped = new AbortController();
    this.root = el("div", { class: "view" });
    this.scroll = scroll;
    this.isNew = isNew;
    this.state = "idle"; // or looking, or pausing
    this.again = null; // or that somebody asked meanwhile: soon, now
    this.following = null; // or live, or polling
    this.seenAt = null;
    this.tries = 0;
  }

  start() {
    main.replaceChildren(this.root);
    // The sheet lets it appear only after a moment: most answers are there before, and nothing blinks.
    this.root.append(el("p", { class: "quiet loading", "data-loading": "" }, "Loading …"));
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
    this.refresh()
      .then(() => this.shown(), (error) => this.failed(error))
      .finally(() => this.rest(performance.now() - begun));
  }

  async refresh() {
    if (this.view === null) {
      const view = await this.load().catch(unavailable);
      if (this.stopped.signal.aborted) return;
      this.view = view({
        root: this.root,
        words: this.words,
        query: new URLSearchParams(location.search),
        signal: this.stopped.signal,
        look: () => this.look("now"),
        shown: () => this.shown(),
        needKey: () => this.needKey(),
        remember,
        go,
      });
      this.root.append(this.root.querySelector("[data-loading]")); // below what the view begins with
    }
    await this.view.refresh(this.stopped.signal);
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
    this.view.entered?.();
    if (this.isNew) document.getElementById("said").textContent = this.view.title();
    const study = this.view.follows();
    if (study !== false) {
      this.unfollow = follow(study, {
        look: () => this.look(),
        tell: (state) => {
          this.following = state;
          tellLive(state);
        },
        concerns: this.view.concerns,
      });
    }
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
    if (error instanceof Problem && error.status === 401) {
      this.needKey();
      return;
    }
    this.end();
    if (!(error instanceof Problem)) console.error(error);
    show(main, missing(error));
  }

  /** Ask for a key, and show this address anew once there is one. */
  needKey() {
    this.end();
    this.stop();
    document.getElementById("who").hidden = true;
    const form = signIn(() => {
      this.repeat();
      tellWho();
      main.focus({ preventScroll: true });
    });
    main.replaceChildren(el("div", { class: "view" }, form));
    document.getElementById("key").focus();
  }

  end() {
    banner.hidden = true;
    this.unfollow?.();
    live.hidden = true;
    document.title = "Tinyfront";
  }

  stop() {
    if (this.stopped.signal.aborted) return;
    this.stopped.abort();
    clearTimeout(this.timer);
    clearTimeout(this.pause);
    this.unfollow?.();
    this.view?.dispose?.();
  }
}

/** A module that does not come is a server that does not answer; one that is wrong is a fault of ours. */
function unavailable(error) {
  throw error instanceof TypeError ? new Away(String(error)) : error;
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

document.getElementById("banner-retry").addEventListener("click", () => visit?.look("now"));
