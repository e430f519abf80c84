// The app's own metrics (l2met): a small chart for each name.

import { $, h, prose, setText } from "./dom.js";
import { ms, number, plural } from "./format.js";
import { hovered, onHover, placeOf } from "./hover.js";
import { byName, customMetrics, lastOf, lonely } from "./series.js";

const MOST = 24; // tiles
const MOST_SOURCES = 6; // lines in one of them
const HEIGHT = 60;
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

/** The lines of a metric: one source has p50 and p95, several have one line each. Pure. */
export function linesOf({ type, sources }) {
  const names = [...sources.keys()].sort(byName).slice(0, MOST_SOURCES);
  if (names.length === 1) {
    const { low, high } = sources.get(names[0]);
    return high ? [{ label: "p50", column: low, color: "--p50" }, { label: "p95", column: high, color: "--p95" }]
      : [{ label: names[0], column: low, color: "--accent", fill: "--accent-soft" }];
  }
  return names.map((label, at) => {
    const { low, high } = sources.get(label);
    return { label: label || "no source", column: type === "measure" ? high : low, color: `--line-${at + 1}` };
  });
}

class Tile {
  #plot = null;
  #width = 0;
  #key = "";

  constructor(name) {
    this.metric = null;
    this.what = h("span", { class: "faint" });
    this.values = h("ul", {});
    this.frame = h("div", { class: "spark", "aria-hidden": "true" });
    this.element = h("div", { class: "small" }, h("h4", { title: name }, name), this.values, this.frame, this.what);
    this.watch = new ResizeObserver(([entry]) => this.#resized(Math.floor(entry.contentRect.width)));
    this.watch.observe(this.frame);
  }

  show(times, metric) {
    Object.assign(this, { times, metric, lines: linesOf(metric) });
    const key = `${metric.type} ${this.lines.map((line) => line.label).join()}`;
    if (key !== this.#key || !this.#plot) {
      this.#key = key;
      this.#legend();
      this.restyle();
    } else {
      this.#plot.setData(this.#data());
    }
    this.say();
  }

  #data() {
    return [this.times, ...this.lines.map((line) => line.column)];
  }

  #legend() {
    this.said = this.lines.map(() => h("b", {}));
    const isAlone = this.lines.length === 1;
    this.values.replaceChildren(...this.lines.map((line, at) => {
      const swatch = h("i", { "aria-hidden": "true" });
      swatch.style.backgroundColor = `var(${line.color})`;
      return h("li", {}, isAlone ? null : swatch, this.said[at], " ", isAlone ? null : line.label);
    }));
  }

  /** The values at the cursor, or the newest. */
  say() {
    if (!this.metric) return;
    const { type, unit, count, sources } = this.metric;
    const at = placeOf(this.times, hovered());
    const format = withUnit(unit);
    this.lines.forEach(({ column }, index) => {
      const value = at < 0 ? lastOf(column) : column[at];
      setText(this.said[index], type === "count" ? (at < 0 ? number(count) : `${number(value ?? 0)}/s`) : format(value));
    });
    const many = sources.size > MOST_SOURCES ? ` · ${MOST_SOURCES} of ${sources.size} sources` : "";
    setText(this.what, { count: "counted in this time", sample: "last sample", measure: `${sources.size > 1 ? "p95 by source · " : ""}${plural(count, "value")}` }[type] + many);
  }

  restyle() {
    this.#plot?.destroy();
    this.#plot = null;
    if (!this.#width || !this.metric) return;
    const isCount = this.metric.type === "count";
    const styled = ({ color, fill }) => ({
      stroke: colour(color), width: 1.5, fill: fill ? colour(fill) : undefined,
      paths: isCount ? uPlot.paths.bars({ size: [0.9, 6, 1] }) : undefined,
      points: { show: !isCount, size: 3, fill: colour(color), filter: (plot, index) => lonely(plot.data[index]) },
    });
    this.#plot = new uPlot({
      width: this.#width, height: HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [4, 1, 2, 1],
      scales: { x: { time: true }, y: { range: (_, min, max) => [0, (max || 1) * 1.08] } },
      axes: [{ show: false }, { show: false }], series: [{}, ...this.lines.map(styled)],
    }, this.#data(), this.frame);
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
