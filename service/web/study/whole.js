// A line below a chart that stands for its whole study, while filters are set.

import { el, show } from "../kit/dom.js";

/** Say in `box` that the filters leave a chart as it is, whenever some are set. */
export function tellWhole(box, filters, words) {
  const tell = () => show(box, filters.any ? el("p", { class: "quiet note" }, words) : null);
  tell();
  filters.subscribe(tell);
}
