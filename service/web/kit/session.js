// Sign-in and sign-out: a key in exchange for a cookie that no script can read.

import { Problem, get, send } from "./api.js";
import { el } from "./dom.js";

const who = document.getElementById("who");

/** A form that asks for a key; `done` is called when the service has taken it. */
export function signIn(done) {
  const key = el("input", {
    type: "password", id: "key", name: "key", required: true, autocomplete: "current-password",
    spellcheck: "false", maxlength: "200", "aria-describedby": "key-help key-wrong",
  });
  const wrong = el("p", { id: "key-wrong", class: "wrong", role: "alert" });
  const button = el("button", { type: "submit", class: "primary" }, "Sign in");
  const form = el("form", { class: "sign-in" },
    el("h1", {}, "Sign in"),
    el("p", { id: "key-help", class: "quiet" },
      "This server asks for a key, such as tf_…; whoever runs it makes one with ",
      el("code", {}, "tinyfront-server keys create"), "."),
    el("label", { for: "key" }, "Key"),
    el("div", { class: "row" }, key, button),
    wrong);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    wrong.textContent = "";
    try {
      await send("POST", "/session", { key: key.value.trim() });
    } catch (error) {
      const told = error instanceof Problem;
      const help = told && error.status === 429 ? ` ${error.remedy}` : "";
      wrong.textContent = told ? `${error.message}${help}` : "The server does not answer.";
      button.disabled = false;
      key.focus();
      key.select();
      return;
    }
    key.value = "";
    done();
  });
  return form;
}

/**
 * Say in the header who is signed in, with a way out; nothing where no key is needed. What only some
 * roles may do is marked `data-needs="user"`: the sheet hides it from all others.
 */
export async function tellWho() {
  let session = null;
  try {
    session = await get("/session");
  } catch {
    // Not signed in, or the server is away: both are told elsewhere.
  }
  if (session === null) delete document.documentElement.dataset.role;
  else document.documentElement.dataset.role = session.role;
  who.hidden = !session?.by_cookie;
  if (who.hidden) return;
  document.getElementById("who-text").textContent = `${session.name} (${session.role}, ${session.project})`;
}

/** Whether the reader may create studies and steer them; no before it is known. */
export const mayChange = () => ["admin", "user"].includes(document.documentElement.dataset.role);

document.getElementById("sign-out").addEventListener("click", async () => {
  try {
    await send("DELETE", "/session");
  } finally {
    sessionStorage.clear(); // half-written studies, too
    location.assign("/"); // nothing of the session stays in this document
  }
});
