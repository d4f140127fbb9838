// The points of a chart as a picture of our own, in place of the graphics card's for a moment.
//
// Plotly takes a tenth of a second and more to dim some of ten thousand points: it reads all of them anew,
// and where a processor stands in for the graphics card, that one draws as long again. A picture of the same
// points is stamped pixel by pixel in a tenth of that time. It shows what a filter leaves until Plotly has
// followed.

const ROUND = 2 * Math.PI;
const PHASES = 4; // places of a point within a pixel, across and up
const BYTE = 255;

export class Veil {
  /** `canvas` is the element that Plotly fills. */
  constructor(canvas) {
    this.canvas = canvas;
    this.picture = null;
  }

  get up() {
    return this.picture !== null;
  }

  /**
   * Show `layers` of points and lines instead of what Plotly has drawn, the last on top: each is
   * `{ trace, at, opacity }`, the places of the points of a trace, all if `at` is null. False if that
   * cannot be done here; then nothing has changed.
   */
  show(layers) {
    const across = place(this.canvas._fullLayout?.xaxis, false);
    const up = place(this.canvas._fullLayout?.yaxis, true);
    const drawn = this.canvas.querySelector(".gl-container");
    if (!across || !up || !drawn) return false;
    const picture = document.createElement("canvas");
    picture.className = "veil";
    const scale = window.devicePixelRatio || 1;
    [picture.width, picture.height] = [across.length, up.length].map((each) => Math.round(each * scale));
    for (const [name, pixels] of Object.entries({ left: across.from, top: up.from, width: across.length, height: up.length })) {
      picture.style[name] = `${pixels}px`;
    }
    const paper = picture.getContext("2d");
    const plate = new Plate(picture.width, picture.height);
    for (const { trace, at, opacity } of layers) {
      if (trace.mode === "lines") {
        plate.print(paper);
        stroke(paper, trace, across, up, scale);
      } else plate.stamp(stampOf(trace.marker, opacity, scale), trace, at, across, up, scale);
    }
    plate.print(paper);
    if (this.picture) this.picture.replaceWith(picture);
    else drawn.after(picture);
    this.picture = picture;
    drawn.style.visibility = "hidden";
    return true;
  }

  lift() {
    this.picture?.remove();
    this.picture = null;
    const drawn = this.canvas.querySelector(".gl-container");
    if (drawn) drawn.style.visibility = "";
  }
}

/** Where the values of an axis lie, in pixels from the edge of the points' field; null for what is none of ours. */
function place(axis, upwards) {
  if (!axis?.range || !["linear", "log"].includes(axis.type)) return null;
  const [low, high] = axis.range.map(Number);
  const { _offset: from, _length: length } = axis;
  if (![low, high, from, length].every(Number.isFinite) || low === high || !(length >= 1)) return null;
  const [zero, size] = upwards ? [high, length / (low - high)] : [low, length / (high - low)];
  const at = axis.type === "log" ? (value) => (Math.log10(value) - zero) * size : (value) => (value - zero) * size;
  return { from, length, at: (value) => (value === null ? NaN : at(value)) };
}

/** A point in each of its places within a pixel: red, green, blue and what it covers, from 0 to 1. */
function stampOf({ size, color, line }, opacity, scale) {
  const half = Math.ceil(((size + (line?.width ?? 0)) / 2) * scale) + 1;
  const side = 2 * half + 1;
  const paper = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  paper.fillStyle = color;
  paper.strokeStyle = line?.color ?? color;
  paper.lineWidth = (line?.width ?? 0) * scale;
  const kinds = [];
  for (let kind = 0; kind < PHASES * PHASES; kind += 1) {
    const [x, y] = [kind % PHASES, Math.floor(kind / PHASES)].map((each) => half + (each + 0.5) / PHASES);
    paper.clearRect(0, 0, side, side);
    paper.beginPath();
    paper.arc(x, y, (size / 2) * scale, 0, ROUND);
    paper.fill();
    if (line?.width) paper.stroke();
    const kept = [];
    paper.getImageData(0, 0, side, side).data.forEach((value, at, all) => {
      if (at % 4 !== 3 || value === 0) return;
      const [row, column] = [Math.floor(at / 4 / side) - half, (Math.floor(at / 4) % side) - half];
      const cover = (value / BYTE) * opacity;
      kept.push(column, row, all[at - 3] * cover, all[at - 2] * cover, all[at - 1] * cover, cover);
    });
    kinds.push(Float32Array.from(kept));
  }
  return kinds;
}

/** Pixels on which points are stamped over each other, and then printed at once. */
class Plate {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.clear();
  }

  clear() {
    this.pixels = new Float32Array(4 * this.width * this.height);
    this.used = false;
  }

  stamp(kinds, { x, y }, at, across, up, scale) {
    const count = at ? at.length : x.length;
    for (let each = 0; each < count; each += 1) {
      const point = at ? at[each] : each;
      const [left, top] = [across.at(x[point]) * scale, up.at(y[point]) * scale];
      const [column, row] = [Math.floor(left), Math.floor(top)];
      const kind = PHASES * Math.floor((top - row) * PHASES) + Math.floor((left - column) * PHASES);
      if (kinds[kind]) this.press(kinds[kind], column, row); // none of a point that lies nowhere
    }
    this.used ||= count > 0;
  }

  press(kind, column, row) {
    const { pixels, width, height } = this;
    for (let at = 0; at < kind.length; at += 6) {
      const [x, y] = [column + kind[at], row + kind[at + 1]];
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const to = 4 * (y * width + x);
      const rest = 1 - kind[at + 5];
      pixels[to] = pixels[to] * rest + kind[at + 2];
      pixels[to + 1] = pixels[to + 1] * rest + kind[at + 3];
      pixels[to + 2] = pixels[to + 2] * rest + kind[at + 4];
      pixels[to + 3] = pixels[to + 3] * rest + kind[at + 5];
    }
  }

  /** Lay what was stamped over what `paper` shows, and begin anew. */
  print(paper) {
    if (!this.used) return;
    const made = new ImageData(this.width, this.height);
    const { pixels } = this;
    for (let at = 3; at < pixels.length; at += 4) {
      const cover = pixels[at];
      if (cover === 0) continue;
      made.data[at - 3] = pixels[at - 3] / cover;
      made.data[at - 2] = pixels[at - 2] / cover;
      made.data[at - 1] = pixels[at - 1] / cover;
      made.data[at] = cover * BYTE;
    }
    const layer = new OffscreenCanvas(this.width, this.height);
    layer.getContext("2d").putImageData(made, 0, 0);
    paper.drawImage(layer, 0, 0);
    this.clear();
  }
}

/** A line in steps, as Plotly's shapes `hv` and `vh`. */
function stroke(paper, { x, y, line }, across, up, scale) {
  paper.beginPath();
  x.forEach((value, point) => {
    const [left, top] = [across.at(value) * scale, up.at(y[point]) * scale];
    if (point === 0) paper.moveTo(left, top);
    else if (line.shape === "vh") paper.lineTo(across.at(x[point - 1]) * scale, top);
    else paper.lineTo(left, up.at(y[point - 1]) * scale);
    paper.lineTo(left, top);
  });
  paper.strokeStyle = line.color;
  paper.lineWidth = line.width * scale;
  paper.stroke();
}
