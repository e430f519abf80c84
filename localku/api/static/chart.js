// One chart: uPlot with a title, a legend that can be switched, marks, and the common cursor.

import { h, setText } from "./dom.js";
import { clock } from "./format.js";
import { hover, hovered, onHover, placeOf } from "./hover.js";
import { lastOf, lonely, stacked } from "./series.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const FONT = "11px system-ui, sans-serif";

export class Chart {
  #plot = null;
  #shown = [];
  #entries = [];
  #width = 0;

  /** format: of a value. minimum: the least height of the scale. steps: between lines of the grid. */
  constructor({ title, unit, format, stack = false, height = 176, empty = [], minimum = 1, steps }) {
    Object.assign(this, { title, format, stack, height, minimum, steps });
    this.series = [];
    this.times = [];
    this.columns = [];
    this.marks = [];
    this.limit = null;
    this.legend = h("ul", { class: "legend" });
    this.when = h("span", { class: "when faint" });
    this.frame = h("div", { class: "plot", tabindex: "0", role: "img", "aria-label": title });
    this.empty = h("p", { class: "empty over", hidden: true }, h("span", {}, ...empty));
    this.element = h("section", { class: "card chart" },
      h("div", { class: "head" }, h("h3", {}, title, " ", h("small", {}, unit)), h("span", { class: "gap" }), this.when),
      this.legend, h("div", { class: "plotbox" }, this.frame, this.empty));
    this.frame.addEventListener("keydown", (event) => this.#key(event));
    this.frame.addEventListener("blur", () => hover(null));
    new ResizeObserver(([entry]) => this.#resized(Math.floor(entry.contentRect.width))).observe(this.frame);
    addEventListener("themechange", () => this.#rebuild());
    onHover(() => this.#pointed());
  }

  /** What to draw: columns in the order of series; null is a gap. */
  show({ times, columns, series, marks = [], limit = null, isEmpty = false }) {
    const changed = JSON.stringify(series) !== JSON.stringify(this.series);
    Object.assign(this, { times, columns, marks, limit });
    this.empty.hidden = !isEmpty;
    if (changed) {
      this.#shown = series.map((each) => {
        const at = this.series.findIndex((old) => old.label === each.label);
        return at < 0 ? true : this.#shown[at];
      });
      this.series = series;
      this.#makeLegend();
      this.#rebuild();
    } else if (this.#plot) {
      this.#plot.setData(this.#data());
    } else {
      this.#rebuild();
    }
    this.#values();
  }

  #data() {
    const columns = this.stack ? stacked(this.columns, this.#shown) : this.columns;
    return [this.times, ...columns];
  }

  #resized(width) {
    if (!width || width === this.#width) return;
    this.#width = width;
    if (this.#plot) this.#plot.setSize({ width, height: this.height });
    else this.#rebuild();
  }

  #rebuild() {
    this.#plot?.destroy();
    this.#plot = null;
    if (!this.#width || !this.times.length) return;
    this.#plot = new uPlot(this.#options(), this.#data(), this.frame);
    this.#pointed();
  }

  #options() {
    const grid = { stroke: colour("--grid"), width: 1 };
    const axis = { stroke: colour("--faint"), font: FONT, ticks: { show: false }, grid };
    return {
      width: this.#width,
      height: this.height,
      legend: { show: false },
      padding: [8, 6, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6, width: 1.5 } },
      scales: { x: { time: true }, y: { range: (_, min, max) => this.#range(max) } },
      axes: [
        { ...axis, grid: { show: false }, size: 26, gap: 8, space: 64, values: (_, splits) => splits.map((at) => this.#time(at)) },
        { ...axis, size: 58, gap: 6, space: 30, incrs: this.steps, values: (_, splits) => splits.map((value) => this.format(value)) },
      ],
      series: [{}, ...this.series.map((each, at) => this.#line(each, at))],
      bands: this.stack ? this.#bands() : [],
      hooks: {
        drawClear: [(plot) => this.#drawMarks(plot)],
        draw: [(plot) => this.#drawLimit(plot)],
        setCursor: [(plot) => this.#moved(plot)],
      },
    };
  }

  /** Each shown layer is filled down to the shown one below it. */
  #bands() {
    const shown = this.series.map((_, at) => at + 1).filter((at) => this.#shown[at - 1]);
    return shown.slice(1).map((at, below) => ({ series: [at, shown[below]] }));
  }

  #range(max) {
    const top = Math.max(this.minimum, max ?? 0);
    // a quota far above what is used would press all lines to the ground
    const near = this.limit !== null && this.limit <= top * 4 ? this.limit : 0;
    return [0, Math.max(top, near) * 1.1];
  }

  #time(seconds) {
    const text = clock(seconds);
    return this.times.at(-1) - this.times[0] > 900 ? text.slice(0, 5) : text;
  }

  #line(each, at) {
    const stroke = colour(each.color);
    return {
      label: each.label,
      show: this.#shown[at],
      stroke,
      width: this.stack ? 0 : 1.6,
      dash: each.dash,
      fill: each.fill ? colour(each.fill) : undefined,
      paths: this.stack ? uPlot.paths.stepped({ align: 1 }) : undefined,
      points: this.stack ? { show: false } : { show: true, size: 4, fill: stroke, filter: (plot, index) => lonely(plot.data[index]) },
    };
  }

  #drawMarks(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.lineWidth = devicePixelRatio;
    for (const mark of this.marks) {
      const x = Math.round(plot.valToPos(mark.t, "x", true)) + 0.5;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = colour(mark.color);
      ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  #drawLimit(plot) {
    const top = plot.scales.y.max;
    if (this.limit === null || this.limit > top) return;
    const { ctx, bbox } = plot;
    const y = Math.round(plot.valToPos(this.limit, "y", true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = colour("--bad");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillStyle = colour("--bad");
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.fillText(`quota ${this.format(this.limit)}`, bbox.left + 4, y - 4 * devicePixelRatio);
    ctx.restore();
  }

  // -- the common cursor ---------------------------------------------------------------------

  #moved(plot) {
    if (plot.cursor.event) hover(plot.cursor.idx === null || plot.cursor.left < 0 ? null : this.times[plot.cursor.idx]);
  }

  #pointed() {
    const at = placeOf(this.times, hovered());
    if (this.#plot && !this.#plot.cursor.event) {
      const left = at < 0 ? -10 : this.#plot.valToPos(this.times[at], "x");
      this.#plot.setCursor({ left, top: at < 0 ? -10 : 10 }, false);
    }
    this.#values();
  }

  #key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hover(null);
    if (!step || !this.times.length) return;
    event.preventDefault();
    const at = placeOf(this.times, hovered());
    const next = at < 0 ? this.times.length - 1 : at + step * (event.shiftKey ? 10 : 1);
    hover(this.times[Math.min(this.times.length - 1, Math.max(0, next))]);
  }

  // -- the legend ----------------------------------------------------------------------------

  #makeLegend() {
    this.#entries = this.series.map((each, at) => {
      const value = h("b", {});
      const swatch = h("i", { "aria-hidden": "true" });
      swatch.style.backgroundColor = `var(${each.color})`;
      const button = h("button", { class: "quiet", "aria-pressed": String(this.#shown[at]), onclick: () => this.#toggle(at) },
        swatch, each.label, " ", value);
      return { button, value };
    });
    this.legend.replaceChildren(...this.#entries.map(({ button }) => h("li", {}, button)));
  }

  #toggle(at) {
    this.#shown[at] = !this.#shown[at];
    this.#entries[at].button.setAttribute("aria-pressed", String(this.#shown[at]));
    this.#rebuild();
  }

  #values() {
    const at = placeOf(this.times, hovered());
    setText(this.when, at < 0 ? "" : clock(this.times[at]));
    const said = this.#entries.map(({ value }, index) => {
      const found = at < 0 ? lastOf(this.columns[index] ?? []) : this.columns[index]?.[at] ?? null;
      const text = this.format(found);
      setText(value, text);
      return `${this.series[index].label} ${text}`;
    });
    this.frame.setAttribute("aria-label", `${this.title}: ${said.join(", ")}. Arrow keys move through time.`);
  }
}
