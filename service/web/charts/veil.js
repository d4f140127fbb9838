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
    for (const { trace, at, opacity } of layers) {
      const places = placesOf(trace, at, across, up, scale);
      if (trace.mode === "lines") stroke(paper, places, trace.line, scale);
      // A rim tells its point from the one below: each is drawn for itself. Few have one, a front above all.
      else if (trace.marker.line?.width) draw(paper, places, trace.marker, opacity, scale);
      else print(paper, places, trace.marker, opacity, scale);
    }
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

/** Where points of a trace lie on the picture, x and y in turn; those that lie nowhere are left out. */
function placesOf({ x, y }, at, across, up, scale) {
  const places = new Float64Array(2 * (at ? at.length : x.length));
  let end = 0;
  for (let each = 0; 2 * each < places.length; each += 1) {
    const point = at ? at[each] : each;
    const [left, top] = [across.at(x[point]) * scale, up.at(y[point]) * scale];
    if (!Number.isFinite(left + top)) continue;
    places[end] = left;
    places[end + 1] = top;
    end += 2;
  }
  return places.subarray(0, end);
}

/** How much a disc covers of the pixels around it, in each of its places within a pixel of a row so wide. */
function stampsOf(radius, reach, opacity, width) {
  const stamps = [];
  for (let kind = 0; kind < PHASES * PHASES; kind += 1) {
    const [x, y] = [kind % PHASES, Math.floor(kind / PHASES)].map((each) => (each + 0.5) / PHASES);
    const [steps, covers] = [[], []];
    for (let row = -reach; row <= reach; row += 1) {
      for (let column = -reach; column <= reach; column += 1) {
        const inside = radius + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y);
        if (inside <= 0) continue;
        steps.push(row * width + column);
        covers.push(Math.min(1, inside) * opacity);
      }
    }
    stamps.push({ steps: Int32Array.from(steps), covers: Float32Array.from(covers) });
  }
  return stamps;
}

/** Stamp points of one colour over each other, and lay them on the picture. */
function print(paper, places, { size, color }, opacity, scale) {
  if (places.length === 0) return;
  const radius = (size / 2) * scale;
  const reach = Math.ceil(radius) + 1;
  // With an edge as wide as a stamp, so that none has to ask where the picture ends.
  const [width, height] = [paper.canvas.width + 2 * reach, paper.canvas.height + 2 * reach];
  const covered = new Float32Array(width * height);
  const stamps = stampsOf(radius, reach, opacity, width);
  for (let at = 0; at < places.length; at += 2) {
    const [left, top] = [places[at] + reach, places[at + 1] + reach];
    const [column, row] = [Math.floor(left), Math.floor(top)];
    if (column < reach || row < reach || column >= width - reach || row >= height - reach) continue;
    const kind = PHASES * Math.floor((top - row) * PHASES) + Math.floor((left - column) * PHASES);
    press(covered, row * width + column, stamps[kind]);
  }
  const alphas = new ImageData(width, height);
  for (let pixel = 0; pixel < covered.length; pixel += 1) alphas.data[4 * pixel + 3] = BYTE * covered[pixel];
  const ink = new OffscreenCanvas(width, height).getContext("2d");
  ink.putImageData(alphas, 0, 0);
  ink.globalCompositeOperation = "source-in";
  ink.fillStyle = color;
  ink.fillRect(0, 0, width, height);
  paper.drawImage(ink.canvas, -reach, -reach);
}

function press(covered, middle, { steps, covers }) {
  for (let at = 0; at < steps.length; at += 1) {
    const pixel = middle + steps[at];
    covered[pixel] += (1 - covered[pixel]) * covers[at];
  }
}

function draw(paper, places, { size, color, line }, opacity, scale) {
  paper.globalAlpha = opacity;
  paper.fillStyle = color;
  paper.strokeStyle = line.color;
  paper.lineWidth = line.width * scale;
  for (let at = 0; at < places.length; at += 2) {
    paper.beginPath();
    paper.arc(places[at], places[at + 1], (size / 2) * scale, 0, ROUND);
    paper.fill();
    paper.stroke();
  }
  paper.globalAlpha = 1;
}

/** A line in steps, as Plotly's shapes `hv` and `vh`. */
function stroke(paper, places, { color, width, shape }, scale) {
  paper.beginPath();
  for (let at = 0; at < places.length; at += 2) {
    const [left, top] = [places[at], places[at + 1]];
    if (at === 0) paper.moveTo(left, top);
    else if (shape === "vh") paper.lineTo(places[at - 2], top);
    else paper.lineTo(left, places[at - 1]);
    paper.lineTo(left, top);
  }
  paper.strokeStyle = color;
  paper.lineWidth = width * scale;
  paper.stroke();
}
