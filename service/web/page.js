// The page: which view an address shows, and how the reader gets from one to the next.

import { go } from "./kit/address.js";
import { help, listenToKeys } from "./kit/keys.js";
import { closeMenu } from "./kit/menu.js";
import { hush } from "./kit/notice.js";
import { tellWho } from "./kit/session.js";
import { visitAt, visitNothing } from "./visit.js";

// A view's modules come with its first visit; the document names those of the first one ahead.
const ROUTES = [
  [/^\/$/, async () => (await import("./studies/list.js")).studies],
  [/^\/new$/, async () => (await import("./new/view.js")).newStudy],
  [/^\/studies\/([^/]+)$/, async () => (await import("./study/overview.js")).study],
  [/^\/studies\/([^/]+)\/trials$/, async () => (await import("./study/trials.js")).trials],
  [/^\/studies\/([^/]+)\/compare$/, async () => (await import("./study/compare.js")).compare],
  [/^\/studies\/([^/]+)\/parameters$/, async () => (await import("./analysis/parameters.js")).parameters],
  [/^\/studies\/([^/]+)\/timeline$/, async () => (await import("./analysis/timeline.js")).timeline],
  [/^\/compare$/, async () => (await import("./analysis/overlay.js")).overlay],
  [/^\/trials\/(\d+)$/, async () => (await import("./trial/trial.js")).trial],
  [/^\/workers$/, async () => (await import("./workers/list.js")).workers],
  [/^\/workers\/([^/]+)$/, async () => (await import("./workers/worker.js")).worker],
];
// The other views come when the first one has long been there: then they need no server to be shown.
const LATER_MS = 5000;

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
// The browser moves the focus to a fragment only when it paints: a quick second Tab would go elsewhere.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById("help").addEventListener("click", help);
listenToKeys();
history.scrollRestoration = "manual"; // the browser would scroll before there is anything
visitHere(history.state?.scroll ?? 0, false);
tellWho();
setTimeout(() => Promise.allSettled(ROUTES.map(([, load]) => load())), LATER_MS);
