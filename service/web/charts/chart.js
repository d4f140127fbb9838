// Charts: the figures come from the service, the colours from the page's theme.

let webgl = null;

/** Whether this browser draws by the graphics card; to find out takes a while, so not before it counts. */
export function canDraw3d() {
  try {
    webgl ??= document.createElement("canvas").getContext("webgl") !== null;
  } catch {
    webgl = false;
  }
  return webgl;
}

let loading = null;

/** Fetch Plotly's script once; it runs when what is shown by now was painted, since it takes a while. */
export function loadPlotly() {
  loading ??= painted().then(() => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.querySelector("meta[name=plotly]").content;
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => {
      script.remove();
      loading = null; // the next look tries again
      reject(new Error("Plotly could not be loaded."));
    });
    document.head.append(script);
  }));
  return loading;
}

/** Wait for the end of the next frame; a hidden page paints none. */
const painted = () => new Promise((resolve) => {
  if (document.hidden) resolve();
  else requestAnimationFrame(() => setTimeout(resolve));
});

function theme() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    text: read("--text"), quiet: read("--quiet"), line: read("--line"), surface: read("--surface"),
    accent: read("--accent"), dim: read("--dim"), dimmer: read("--dimmer"), warn: read("--warn"), bad: read("--bad"),
    series: Array.from({ length: 8 }, (_, place) => read(`--series-${place + 1}`)),
    font: getComputedStyle(document.body).fontFamily,
  };
}

const MARKS = { front: "accent", dominated: "dim", infeasible: "dimmer" };
// How an attempt ended, and what a feature counts for.
const BARS = {
  completed: "accent", stopped: "dim", running: "accent", infeasible: "warn", failed: "bad", expired: "warn",
  released: "dimmer", cancelled: "dimmer", superseded: "dimmer", share: "accent",
};
const STROKES = { line: "accent", front: "accent", second: "dim", bound: "quiet", budget: "quiet", limit: "warn" };

function themedTrace(trace, colours) {
  const role = trace.meta?.role;
  const made = { ...trace };
  // Without a graphics card elements draw them too, only slowly.
  if (made.type === "scattergl" && !canDraw3d()) made.type = "scatter";
  if (trace.marker && MARKS[role]) {
    const edge = role === "front" ? { color: colours.surface, width: 1 } : { width: 0 };
    made.marker = { ...trace.marker, color: colours[MARKS[role]], line: edge };
  }
  if (trace.type === "bar" && BARS[role]) {
    made.marker = { ...trace.marker, color: colours[BARS[role]], line: { color: colours.surface, width: 1 } };
  }
  if (role === "study") made.line = { ...trace.line, color: colours.series[trace.meta.place] };
  if (trace.line && STROKES[role]) made.line = { ...trace.line, color: colours[STROKES[role]] };
  if (role === "bars") {
    const colour = trace.customdata.map(([, kind]) => (kind === "peak" ? colours.accent : colours.dimmer));
    made.marker = { ...trace.marker, color: colour };
  }
  return made;
}

const NARROW_PX = 480;
// A second click within this time makes a double click, which is Plotly's: it ends a zoom or a box.
const DOUBLE_CLICK_MS = 300;

function themedAxis(axis, colours, narrow = false) {
  return {
    automargin: true, gridcolor: colours.line, linecolor: colours.line, zerolinecolor: colours.line,
    tickcolor: colours.line, ...axis, tickfont: { color: colours.quiet, size: 11 },
    // Names are as many as what they stand beside, on a narrow screen too.
    ...(narrow && axis.type !== "category" ? { nticks: axis.type === "log" ? 3 : 4 } : {}),
    title: { ...axis?.title, font: { color: colours.quiet, size: 12 }, standoff: 8 },
  };
}

function themedLayout(layout, colours, narrow) {
  const { title: _title, height: _height, ...rest } = layout;
  const made = {
    ...rest,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: colours.font, color: colours.text, size: 12 },
    margin: layout.meta?.margin
      ?? (layout.scene ? { l: 0, r: 0, t: 0, b: 0 } : { l: 8, r: layout.yaxis2 ? 8 : 14, t: 28, b: 8 }),
    hoverlabel: {
      bgcolor: colours.surface, bordercolor: colours.line, align: "left",
      font: { family: colours.font, color: colours.text, size: 12 },
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.quiet, activecolor: colours.accent },
    legend: { ...layout.legend, ...(layout.meta?.axes ? { itemsizing: "constant" } : {}) },
    shapes: (layout.shapes ?? []).map((shape) => themedShape(shape, colours)),
  };
  for (const name of Object.keys(layout).filter((each) => /^[xy]axis\d*$/.test(each))) {
    made[name] = themedAxis(layout[name], colours, narrow);
  }
  if (layout.scene) {
    made.scene = { bgcolor: "rgba(0,0,0,0)" };
    for (const [name, part] of Object.entries(layout.scene)) {
      made.scene[name] = name.endsWith("axis")
        ? { ...themedAxis(part, colours), backgroundcolor: "rgba(0,0,0,0)" }
        : part;
    }
  }
  return made;
}

function themedShape(shape, colours) {
  const colour = shape.name === "limit" ? colours.warn : colours.quiet;
  return {
    ...shape,
    line: { ...shape.line, color: colour },
    label: { ...shape.label, font: { ...shape.label?.font, color: colour } },
  };
}

export const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
};
const CONFIG_3D = { ...CONFIG, modeBarButtons: [["tableRotation", "pan3d", "resetCameraDefault3d", "toImage"]] };

/** A chart in `box`, which is filled by nobody else. `open` is told the trial of a point clicked on. */
export class Chart {
  constructor(box, { label, height = null, open = null }) {
    box.dataset.keep = "";
    box.setAttribute("role", "figure");
    box.setAttribute("aria-label", label);
    // Plotly fills this element. It has the chart's height and no padding, since Plotly measures it
    // anew whenever the window changes.
    this.canvas = document.createElement("div");
    this.failure = document.createElement("p");
    this.failure.className = "quiet";
    this.failure.hidden = true;
    box.append(this.canvas, this.failure);
    this.height = height;
    if (height !== null) this.canvas.style.height = `${height}px`; // so that nothing moves when it comes
    this.open = open;
    this.figure = null;
    this.drawn = null;
    this.first = null; // what stands in the chart's place until Plotly is there
    this.drawing = Promise.resolve();
    this.clicking = null; // the click that may become a double click
    this.doubled = -Infinity;
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.repaint = () => this.figure && this.draw(this.figure, true);
    this.dark.addEventListener("change", this.repaint);
  }

  /** Show a picture of our own until Plotly has drawn. */
  begin(picture) {
    if (this.figure) return;
    if (this.first) this.first.replaceWith(picture);
    else this.canvas.before(picture);
    this.first = picture;
  }

  /** Draw anew if the figure differs; zoom stays as long as the figure's `uirevision` does. */
  async draw(figure, anyway = false) {
    if (!anyway && figure === this.figure) return;
    const text = anyway ? null : JSON.stringify(figure);
    if (!anyway && text === this.drawn) return;
    let Plotly;
    try {
      Plotly = await loadPlotly();
    } catch (error) {
      this.failure.textContent = this.first
        ? "This is a sketch of the front alone: the chart could not be loaded."
        : "The chart could not be loaded; the numbers are in the tables.";
      this.failure.hidden = false;
      return;
    }
    await this.drawing;
    if (!this.dark) return; // the view was left meanwhile
    this.failure.hidden = true;
    const fresh = this.figure === null;
    this.figure = figure;
    this.drawn = text;
    this.canvas.style.height = `${this.height ?? figure.layout.height}px`;
    const { data, layout, config } = this.dressed(figure, theme());
    await this.during(Plotly.react(this.canvas, data, layout, config));
    this.first?.remove();
    this.first = null;
    if (fresh) this.wire();
  }

  /** What Plotly is given: the figure in the colours of the page. */
  dressed(figure, colours) {
    return {
      data: figure.data.map((trace) => themedTrace(trace, colours)),
      layout: themedLayout(figure.layout, colours, this.canvas.clientWidth < NARROW_PX),
      config: figure.layout.scene ? CONFIG_3D : CONFIG,
    };
  }

  /** Listen to Plotly, once it has drawn. */
  wire() {
    this.canvas.on("plotly_click", ({ points, event }) => {
      const facts = points[0]?.customdata;
      if (facts?.[0] === undefined || performance.now() - this.doubled < DOUBLE_CLICK_MS) return;
      clearTimeout(this.clicking);
      this.clicking = setTimeout(() => this.clicked(facts, event), DOUBLE_CLICK_MS);
    });
    for (const second of ["plotly_doubleclick", "plotly_deselect"]) {
      this.canvas.on(second, () => {
        clearTimeout(this.clicking);
        this.doubled = performance.now(); // Plotly may tell of the second click afterwards
      });
    }
  }

  /** Remember that Plotly is at work until `promise` is kept: who takes the chart away meanwhile makes it fail. */
  during(promise) {
    this.drawing = Promise.allSettled([this.drawing, promise]);
    return promise;
  }

  clicked([trial]) {
    this.open?.(trial);
  }

  clear() {
    clearTimeout(this.clicking);
    if (this.figure) this.drawing = this.drawing.then(() => window.Plotly.purge(this.canvas));
    this.figure = this.drawn = null;
  }

  dispose() {
    this.dark.removeEventListener("change", this.repaint);
    this.dark = null;
    this.clear();
  }
}
