// The ways to go on a narrow screen, folded behind a button; on a wide one the sheet shows them as they are.

const button = document.getElementById("menu");
const top = button.closest("header");

const open = () => button.getAttribute("aria-expanded") === "true";
const turn = (on) => button.setAttribute("aria-expanded", String(on));

/** Fold the ways away: the reader has gone one of them. */
export const closeMenu = () => turn(false);

button.addEventListener("click", () => turn(!open()));
top.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !open()) return;
  turn(false);
  button.focus();
});
document.addEventListener("click", (event) => {
  if (open() && !top.contains(event.target)) turn(false);
});
