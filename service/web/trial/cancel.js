// Cancelling a trial: whoever asks for it is asked once more.

import { Away, Problem, send } from "../kit/api.js";
import { ask } from "../kit/dialog.js";
import { el } from "../kit/dom.js";

/** Ask whether a trial is to be cancelled; `done` is called when it has been. */
export function askToCancel(trial, done) {
  ask({
    title: "Cancel this trial?",
    body: el("p", {}, trial.status === "running"
      ? `Trial ${trial.number} is being worked on. Its worker stops at its next word; what it has done so far is lost.`
      : `Trial ${trial.number} waits in the queue. No worker will get it.`),
    agree: "Cancel the trial",
    refuse: "Keep it", // beside the other button "Cancel" could mean both
    danger: true,
    async act() {
      await send("POST", `/trials/${trial.id}/cancel`).catch((error) => {
        throw error instanceof Away ? new Problem(503, { detail: "The server does not answer; nothing was cancelled." }) : error;
      });
      done();
    },
  });
}
