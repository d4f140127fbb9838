// A short word about what was done or could not be done; it stays until it is read or replaced.

import { el } from "./dom.js";

const SHOWN_MS = 12000;

const box = el("div", { class: "notice", role: "status", hidden: true });
document.body.append(box);
let timer = null;

/** Say something; what went wrong (`bad`) stays until the reader puts it away or goes on. */
export function tell(words, bad = false) {
  clearTimeout(timer);
  const away = el("button", { type: "button", class: "bare", "aria-label": "Put this message away" }, "×");
  away.addEventListener("click", hush);
  box.replaceChildren(el("p", {}, words), away);
  box.dataset.state = bad ? "bad" : "good";
  box.hidden = false;
  if (!bad) timer = setTimeout(hush, SHOWN_MS);
}

/** Put the message away. */
export function hush() {
  box.hidden = true;
}
