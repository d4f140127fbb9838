// The page: which view an address shows, and how the reader gets from one to the next.

import { overlay } from "./analysis/overlay.js";
import { parameters } from "./analysis/parameters.js";
import { timeline } from "./analysis/timeline.js";
import { go } from "./kit/address.js";
import { help, listenToKeys } from "./kit/keys.js";
import { closeMenu } from "./kit/menu.js";
import { hush } from "./kit/notice.js";
import { tellWho } from "./kit/session.js";
import { newStudy } from "./new/view.js";
import { studies } from "./studies/list.js";
import { compare } from "./study/compare.js";
import { study } from "./study/overview.js";
import { trial } from "./trial/trial.js";
import { trials } from "./study/trials.js";
import { visitAt, visitNothing } from "./visit.js";
import { workers } from "./workers/list.js";

const ROUTES = [
  [/^\/$/, studies],
  [/^\/new$/, newStudy],
  [/^\/studies\/([^/]+)$/, study],
  [/^\/studies\/([^/]+)\/trials$/, trials],
  [/^\/studies\/([^/]+)\/compare$/, compare],
  [/^\/studies\/([^/]+)\/parameters$/, parameters],
  [/^\/studies\/([^/]+)\/timeline$/, timeline],
  [/^\/compare$/, overlay],
  [/^\/trials\/(\d+)$/, trial],
  [/^\/workers$/, workers],
];

const main = document.getElementById("main");

function visitHere(scroll, isNew) {
  hush();
  closeMenu();
  const path = location.pathname.replace(/(.)\/$/, "$1");
  for (const link of document.querySelectorAll("[data-nav]")) {
    if (link.getAttribute("href") === path) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const found = ROUTES.map(([form, view]) => [path.match(form), view]).find(([match]) => match);
  const words = found && decoded(found[0].slice(1));
  if (words) visitAt(found[1], words, scroll, isNew);
  else visitNothing();
}

/** Null for words that are no text at all, such as `%ff`. */
function decoded(words) {
  try {
    return words.map(decodeURIComponent);
  } catch {
    return null;
  }
}

window.addEventListener("address", () => {
  visitHere(0, true);
  window.scrollTo(0, 0);
  // A view may have put the focus where one begins to type.
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.getAttribute("href"), location.href); // `href` of a link in a drawing is no text
  if (to.origin !== location.origin || to.hash || link.hasAttribute("download")) return;
  if (link.hasAttribute("data-outside") || to.pathname.startsWith("/api/")) return;
  event.preventDefault();
  go(to.pathname + to.search, link.dataset.trail ? { trail: JSON.parse(link.dataset.trail) } : null);
});
window.addEventListener("popstate", (event) => visitHere(event.state?.scroll ?? 0, true));
window.addEventListener("scrollend", () => {
  history.replaceState({ ...history.state, scroll: window.scrollY }, "");
});
document.getElementById("help").addEventListener("click", help);
listenToKeys();
history.scrollRestoration = "manual"; // the browser would scroll before there is anything
visitHere(history.state?.scroll ?? 0, false);
tellWho();
