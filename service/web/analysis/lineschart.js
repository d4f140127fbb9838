// A chart of parallel axes: its colours, and what the reader draws on it.

import { Chart, CONFIG } from "../charts/chart.js";

// There is nothing to zoom: ranges are drawn on the axes.
const BUTTONS = { ...CONFIG, modeBarButtons: [["toImage"]] };
// As the service orders them: over a limit, dominated, on the front; and below all what does not pass.
const STROKES = ["line", "dimmer", "accent"];
const LIGHT = 0.35; // of the fainter colour in a shadow

// Where axes stand close, their names are slanted, or they would run into each other.
const NARROW_PX = 480;
const SLANTED = { angle: -30, margin: { l: 44, r: 60, t: 100, b: 20 } };

// So much ink do all lines have together that lie beyond the ranges.
const FAINT = 100;

/** `brushed` is called when the reader has drawn a range or given one up. */
export class LinesChart extends Chart {
  constructor(box, { brushed, ...options }) {
    super(box, options);
    this.brushed = brushed;
  }

  dressed(figure, colours) {
    const { layout } = super.dressed(figure, colours);
    const margin = this.canvas.clientWidth < NARROW_PX ? SLANTED.margin : layout.margin;
    return {
      data: figure.data.map((trace) => ({
        ...dressedLines(trace, colours), labelangle: margin === SLANTED.margin ? SLANTED.angle : trace.labelangle,
      })),
      layout: { ...layout, margin, paper_bgcolor: colours.surface }, // Plotly rims the words of the axes with it
      config: BUTTONS,
    };
  }

  wire() {
    this.canvas.on("plotly_restyle", () => this.brushed());
  }
}

const dressedLines = (trace, colours) => ({
  ...trace,
  // Plotly writes ranges into what it is given; the figure stays as it was made.
  dimensions: trace.dimensions.map((dimension) => ({ ...dimension })),
  line: { ...trace.line, colorscale: scaled(trace.line.colorscale, colours) },
  // Of thousands each is fainter, or together they would cover what is kept.
  unselected: { line: { color: colours.line, opacity: Math.min(0.3, FAINT / trace.customdata.length) } },
  labelfont: { color: colours.text, size: 12 },
  tickfont: { color: colours.quiet, size: 11 },
  rangefont: { color: "rgba(0,0,0,0)", size: 1 }, // the ends stand at the ticks
});

function scaled(scale, colours) {
  const strokes = STROKES.map((name) => colours[name]);
  if (scale.length > strokes.length) strokes.unshift(mixed(colours.surface, colours.line, LIGHT));
  return scale.map(([at], place) => [at, strokes[place]]);
}

/** A colour between two of six hexadecimal digits: here a line has no transparency of its own. */
function mixed(from, to, share) {
  const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const ends = parts(to);
  return `rgb(${parts(from).map((part, at) => Math.round(part + share * (ends[at] - part))).join(", ")})`;
}
