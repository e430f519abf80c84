// The app's own metrics (l2met): a small chart for each name.

import { $, h, prose, setText } from "./dom.js";
import { ms, number, plural } from "./format.js";
import { hovered, onHover, placeOf } from "./hover.js";
import { customMetrics, lastOf } from "./series.js";

const MOST = 24; // tiles
const HEIGHT = 56;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const withUnit = (unit) => (value) => {
  if (value === null || value === undefined) return "–";
  if (unit === "ms") return ms(value);
  if (unit === "s") return ms(value * 1000);
  return unit ? `${number(value)} ${unit}` : number(value);
};

export class Custom {
  #tiles = new Map();
  #order = "";

  constructor() {
    this.grid = h("div", { class: "smalls" });
    this.count = h("span", { class: "faint" });
    this.empty = h("p", { class: "empty" }, ...prose(
      "None yet. Print a line with `measure#db.query=12ms`, `count#signup=1` or `sample#queue.depth=42`, and it is drawn here."));
    $("custom").replaceChildren(
      h("div", { class: "head" }, h("h3", {}, "The app's own metrics"), h("span", { class: "gap" }), this.count),
      this.grid, this.empty);
    addEventListener("themechange", () => this.#tiles.forEach((tile) => tile.restyle()));
    onHover(() => this.#tiles.forEach((tile) => tile.say()));
  }

  show({ times, points, step }) {
    const metrics = customMetrics(points, step);
    const names = [...metrics.keys()].slice(0, MOST);
    this.empty.hidden = names.length > 0;
    setText(this.count, metrics.size > MOST ? `${MOST} of ${metrics.size} shown` : "");
    const order = names.join("\n");
    if (order !== this.#order) {
      this.#order = order;
      const kept = new Map(names.map((name) => [name, this.#tiles.get(name) ?? new Tile(name)]));
      for (const [name, tile] of this.#tiles) if (!kept.has(name)) tile.end();
      this.#tiles = kept;
      this.grid.replaceChildren(...[...kept.values()].map((tile) => tile.element));
    }
    for (const name of names) this.#tiles.get(name).show(times, metrics.get(name));
  }
}

class Tile {
  #plot = null;
  #width = 0;

  constructor(name) {
    this.times = [];
    this.metric = null;
    this.value = h("b", {});
    this.what = h("span", { class: "faint" });
    this.frame = h("div", { class: "spark" });
    this.element = h("div", { class: "small" }, h("h4", { title: name }, name), h("p", {}, this.value, " ", this.what), this.frame);
    this.watch = new ResizeObserver(([entry]) => this.#resized(Math.floor(entry.contentRect.width)));
    this.watch.observe(this.frame);
  }

  show(times, metric) {
    const changed = metric.type !== this.metric?.type;
    Object.assign(this, { times, metric });
    if (changed || !this.#plot) this.restyle();
    else this.#plot.setData([times, ...metric.columns]);
    this.say();
  }

  /** The value at the cursor, or the newest. */
  say() {
    if (!this.metric) return;
    const at = placeOf(this.times, hovered());
    const [first, second] = this.metric.columns.map((column) => (at < 0 ? lastOf(column) : column[at]));
    const format = withUnit(this.metric.unit);
    if (this.metric.type === "measure") {
      setText(this.value, format(first));
      setText(this.what, `p50 · p95 ${format(second)} · ${plural(this.metric.count, "value")}`);
    } else if (this.metric.type === "count") {
      setText(this.value, number(this.metric.count));
      setText(this.what, `in all · ${number(first ?? 0)}/s`);
    } else {
      setText(this.value, format(first));
      setText(this.what, at < 0 ? "last sample" : "sample");
    }
  }

  restyle() {
    this.#plot?.destroy();
    this.#plot = null;
    if (!this.#width || !this.metric) return;
    const isCount = this.metric.type === "count";
    const line = (color, fill) => ({
      stroke: colour(color), width: 1.5, fill: fill ? colour(fill) : undefined, spanGaps: true,
      paths: isCount ? uPlot.paths.bars({ size: [0.9, 6, 1] }) : undefined, points: { show: isCount ? false : undefined, size: 3 },
    });
    const lines = this.metric.type === "measure" ? [line("--p50"), line("--p95")] : [line("--accent", "--accent-soft")];
    this.#plot = new uPlot({
      width: this.#width, height: HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [4, 1, 2, 1],
      scales: { x: { time: true }, y: { range: (_, min, max) => [0, (max || 1) * 1.08] } },
      axes: [{ show: false }, { show: false }], series: [{}, ...lines],
    }, [this.times, ...this.metric.columns], this.frame);
  }

  end() {
    this.watch.disconnect();
    this.#plot?.destroy();
  }

  #resized(width) {
    if (!width || width === this.#width) return;
    this.#width = width;
    if (this.#plot) this.#plot.setSize({ width, height: HEIGHT });
    else this.restyle();
  }
}
