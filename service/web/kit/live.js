// Tells a view when to look again: by the events of its study, or of all studies, else by polling.

import { eventsAddress } from "./api.js";

const KINDS = ["trial", "front", "hypervolume", "study", "message"];
const POLL_MS = 4000;
// The stream tells what has finished, not what was proposed or begun; so look now and then as well.
const PULSE_MS = 10000;
// A stream that is not open after this long does not count as live: a proxy may hold it back.
const OPEN_MS = 3000;
const REOPEN_MS = 20000;

/**
 * Call `look` whenever something happened that `concerns` the view, until the returned function is
 * called. `study` is one, or ALL; null asks every few seconds. `tell` hears "live" or "polling".
 * A hidden page follows nothing: a browser keeps at most six connections to a server, so forgotten
 * tabs would block the visible one.
 */
export function follow(study, { look, tell, concerns = () => true }) {
  let source = null;
  let poll = null;
  let slow = false;
  let patience = null;
  let reopen = null;

  function polling(on) {
    clearInterval(poll);
    poll = setInterval(look, on ? POLL_MS : PULSE_MS);
    slow = !on;
    tell(on ? "polling" : "live");
  }

  function hear({ data }) {
    if (concerns(JSON.parse(data))) look();
  }

  function open() {
    source = new EventSource(eventsAddress(study));
    patience = setTimeout(() => polling(true), OPEN_MS);
    source.addEventListener("open", () => {
      clearTimeout(patience);
      polling(false);
      look(); // what happened while nothing was heard
    });
    source.addEventListener("error", () => {
      clearTimeout(patience);
      if (poll === null || slow) polling(true);
      look(); // finds out whether the server is away
      if (source?.readyState === EventSource.CLOSED) reopen = setTimeout(restart, REOPEN_MS);
    });
    for (const kind of KINDS) source.addEventListener(kind, hear);
  }

  function close() {
    source?.close();
    source = null;
    clearTimeout(patience);
    clearTimeout(reopen);
    clearInterval(poll);
    poll = null;
  }

  function restart() {
    close();
    if (document.hidden) return;
    if (study === null) polling(true);
    else open();
  }

  function seen() {
    restart();
    if (!document.hidden) look();
  }

  document.addEventListener("visibilitychange", seen);
  restart();
  return () => {
    document.removeEventListener("visibilitychange", seen);
    close();
  };
}
