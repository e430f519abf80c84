// The strip of events: a row for each code and kind, with a tick where it happened and how often.

import { KINDS, colourOf, nameOf } from "./codes.js";
import { $, h, prose, setText } from "./dom.js";
import { clock, number, plural } from "./format.js";
import { hover, hovered, onHover } from "./hover.js";

const CELLS = 100; // ticks across
const LISTED = 40;

export class Events {
  #rows = new Map(); // key -> what is drawn of it
  #order = "";
  #told = "";

  /** onPick(code): the person wants to read the lines of a code. */
  constructor(onPick) {
    this.onPick = onPick;
    this.count = h("span", { class: "faint" });
    this.strip = h("ul", { class: "strip", "aria-label": "Events by kind" });
    this.axis = ["", "", ""].map(() => h("time", {}));
    this.scale = h("div", { class: "axis", "aria-hidden": "true", hidden: true }, h("div", {}, ...this.axis));
    this.empty = h("p", { class: "empty", hidden: true }, ...prose(
      "No errors and no changes in this time. Heroku's codes (H12, R14, …), releases, scaling, restarts and crashes appear here."));
    this.list = h("ol", { class: "marks" });
    this.more = h("details", {}, h("summary", {}, "Newest events in words"), this.list);
    $("events").replaceChildren(
      h("div", { class: "head" }, h("h3", {}, "Events"), h("span", { class: "gap" }), this.count),
      this.strip, this.scale, this.empty, this.more);
    this.strip.addEventListener("pointermove", (event) => this.#moved(event));
    this.strip.addEventListener("pointerleave", () => hover(null));
    onHover(() => this.#pointed());
  }

  show({ times, points, step, marks }) {
    this.from = times[0];
    this.width = times.length * step;
    const rows = rowsOf(times, points, marks, this.width / CELLS);
    this.empty.hidden = rows.length > 0;
    this.scale.hidden = !rows.length;
    this.axis.forEach((place, at) => setText(place, clock(this.from + (this.width * at) / 2)));
    this.more.hidden = !marks.length;
    const errors = rows.filter((row) => row.isCode).reduce((sum, row) => sum + row.total, 0);
    setText(this.count, errors ? plural(errors, "error") : "");
    this.#arrange(rows);
    for (const row of rows) this.#draw(this.#rows.get(row.key), row);
    this.#tell(marks);
    this.#pointed();
  }

  /** The rows that there have to be, in their order; those that stay keep their elements. */
  #arrange(rows) {
    const order = rows.map((row) => row.key).join();
    if (order === this.#order) return;
    this.#order = order;
    const kept = new Map(rows.map((row) => [row.key, this.#rows.get(row.key) ?? this.#make(row)]));
    const focused = document.activeElement;
    this.#rows = kept;
    this.strip.replaceChildren(...[...kept.values()].map((each) => each.element));
    if (this.strip.contains(focused)) focused.focus();
  }

  #make(row) {
    const dot = h("i", { class: "dot", "aria-hidden": "true" });
    dot.style.backgroundColor = `var(${row.color})`;
    const label = row.isCode
      ? h("button", { class: "quiet code", title: "Show its lines in the log", onclick: () => this.onPick(row.key) },
        h("b", {}, row.key), h("span", {}, row.label))
      : h("span", { class: "kind" }, row.label);
    const total = h("span", { class: "num" });
    const ticks = h("span", { class: "ticks" });
    const cursor = h("u", { hidden: true });
    const lane = h("div", { class: "lane", "aria-hidden": "true" }, ticks, cursor);
    return { element: h("li", {}, dot, label, total, lane), total, ticks, cursor, drawn: "", base: 0 };
  }

  #draw(into, row) {
    setText(into.total, number(row.total));
    const key = `${this.width} ${row.cells.map(({ start, count }) => `${start}:${count}`).join()}`;
    if (key !== into.drawn) {
      into.drawn = key;
      into.base = this.from;
      into.ticks.replaceChildren(...row.cells.map((cell) => this.#tick(cell, row)));
    }
    into.ticks.style.left = `${((into.base - this.from) / this.width) * 100}%`;
  }

  #tick({ start, count, title }, row) {
    const tick = h("i", { title });
    tick.style.left = `${((start - this.from) / this.width) * 100}%`;
    tick.style.backgroundColor = `var(${row.color})`;
    tick.style.height = `${Math.min(100, 50 + 25 * Math.log10(count))}%`;
    return tick;
  }

  #tell(marks) {
    const newest = marks.slice(-LISTED).reverse();
    const key = `${newest.length} ${newest[0]?.t}`;
    if (key === this.#told) return;
    this.#told = key;
    this.list.replaceChildren(...newest.map((mark) => h("li", {},
      h("time", {}, clock(mark.t)), h("b", {}, mark.code || mark.kind),
      h("span", {}, mark.dyno && !mark.text.includes(mark.dyno) ? `${mark.dyno}: ${mark.text}` : mark.text))));
  }

  // -- the common cursor ---------------------------------------------------------------------

  #moved(event) {
    const lane = event.target.closest?.(".lane");
    if (!lane) return hover(null);
    const box = lane.getBoundingClientRect();
    return hover(Math.round(this.from + ((event.clientX - box.left) / box.width) * this.width));
  }

  #pointed() {
    const at = hovered();
    const place = at === null ? -1 : (at - this.from) / this.width;
    for (const { cursor } of this.#rows.values()) {
      cursor.hidden = place < 0 || place > 1;
      cursor.style.left = `${place * 100}%`;
    }
  }
}

/** The rows: errors by code, the most serious first, then what people did. cell: seconds. Pure. */
export function rowsOf(times, points, marks, cell) {
  const found = new Map();
  const add = (key, t, count, text) => {
    if (!found.has(key)) found.set(key, { total: 0, cells: new Map() });
    const start = Math.floor(t / cell) * cell;
    const known = found.get(key).cells.get(start) ?? { start, count: 0, t, text };
    known.count += count;
    found.get(key).cells.set(start, known);
    found.get(key).total += count;
  };
  points.forEach((point, at) => {
    for (const [code, count] of Object.entries(point?.codes ?? {})) add(code, times[at], count, "");
  });
  for (const mark of marks) if (mark.kind in KINDS) add(mark.kind, mark.t, 1, mark.text);
  return [...found.keys()].sort(inOrder).map((key) => {
    const isCode = !(key in KINDS);
    const { label, color } = isCode ? { label: nameOf(key), color: colourOf(key) } : KINDS[key];
    const cells = [...found.get(key).cells.values()].map(({ start, count, t, text }) =>
      ({ start, count, title: `${clock(t)} ${isCode ? `${key} × ${count}` : text}` }));
    return { key, label, color, isCode, cells, total: found.get(key).total };
  });
}

const KIND_ORDER = Object.keys(KINDS);
const SERIOUS = ["--bad", "--warn", "--info"];

function inOrder(a, b) {
  const rank = (key) => (key in KINDS ? 10 + KIND_ORDER.indexOf(key) : SERIOUS.indexOf(colourOf(key)));
  return rank(a) - rank(b) || a.localeCompare(b);
}
