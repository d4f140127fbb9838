// A chart of bars of which some pass the filters; the others stay as shadows.

import { Chart } from "./chart.js";

const SHADOW = 0.15;

export class BarsChart extends Chart {
  constructor(box, options) {
    super(box, options);
    this.judge = () => true; // tells of a row of customdata whether it passes
  }

  /** Draw a figure with what does not pass `judge` as shadows. */
  async sift(figure, judge) {
    const strengths = (test) => figure.data.map(({ customdata }) => customdata.map(test));
    const same = JSON.stringify(strengths(judge)) === JSON.stringify(strengths(this.judge));
    this.judge = judge;
    await this.draw(figure, !same);
  }

  dressed(figure, colours) {
    const made = super.dressed(figure, colours);
    const data = made.data.map((trace) => ({
      ...trace,
      marker: { ...trace.marker, opacity: trace.customdata.map((row) => (this.judge(row) ? 1 : SHADOW)) },
    }));
    return { ...made, data };
  }
}
