// Cancelling a trial: who may is asked first, and whoever asks for it is asked once more.

import { get, send } from "../kit/api.js";
import { el } from "../kit/dom.js";

const MAY = ["admin", "user"];

/** Whether who looks at the page may cancel; nobody knows who is not signed in where keys are asked. */
export const mayCancel = (signal) =>
  get("/session", {}, signal).then((session) => MAY.includes(session.role), () => false);

/** A dialog that cancels a trial; `done` is called when it has. */
export class CancelDialog {
  constructor(done) {
    this.words = el("p", {});
    this.wrong = el("p", { class: "wrong", role: "alert" });
    this.yes = el("button", { type: "button", class: "danger" }, "Cancel the trial");
    this.no = el("button", { type: "button" }, "Keep it");
    this.root = el("dialog", { "aria-labelledby": "cancel-title" },
      el("h2", { id: "cancel-title" }, "Cancel this trial?"), this.words, this.wrong,
      el("div", { class: "row" }, this.yes, this.no));
    this.no.addEventListener("click", () => this.root.close());
    this.yes.addEventListener("click", () => this.cancel());
    this.done = done;
  }

  ask(trial) {
    this.trial = trial;
    this.wrong.textContent = "";
    this.words.textContent = trial.status === "running"
      ? `Trial ${trial.number} is being worked on. Its worker stops at its next word; what it has done so far is lost.`
      : `Trial ${trial.number} waits in the queue. No worker will get it.`;
    this.root.showModal();
    this.no.focus();
  }

  async cancel() {
    this.yes.disabled = true;
    try {
      await send("POST", `/trials/${this.trial.id}/cancel`);
      this.root.close();
      this.done();
    } catch (error) {
      this.wrong.textContent = error.remedy ? `${error.message} ${error.remedy}`
        : error.title ? error.message : "The server does not answer; nothing was cancelled.";
    } finally {
      this.yes.disabled = false;
    }
  }
}
