// The live log: keeps the newest lines, shows those that pass the filters, follows or waits.

import { Chunks } from "./chunks.js";
import { $, h, onceAFrame, setOptions, setText } from "./dom.js";
import { isSuspect, pieces, plain } from "./escapes.js";
import { accepts, hits, marked, search } from "./filter.js";
import { clock, moment, plural } from "./format.js";
import { byName } from "./series.js";

const KEPT = 10000; // lines
const MOST_TEXT = 10000; // characters of a line; Heroku's own limit is as many bytes
const SCROLLING = 1500; // ms that a scroll goes on after the wheel, the key or the finger
const HUES = 8;
const MOST_TYPES = 500; // whose colours are remembered

export class LogView {
  #lines = [];
  #pending = [];
  #names = new Set();
  #filter = { source: "", dyno: "", expression: null };
  #lost = 0;
  #paused = false;
  #away = false; // scrolled up
  #touched = -Infinity; // when the person last did something there
  #flush = onceAFrame(() => this.#show());

  constructor() {
    this.frame = $("lines");
    this.chunks = new Chunks(this.frame, (line) => this.#row(line), (line) => this.#height(line));
    for (const name of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      this.frame.addEventListener(name, () => { this.#touched = performance.now(); }, { passive: true });
    }
    this.frame.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(this.frame);
    new ResizeObserver(() => this.#stay()).observe(this.chunks.content);
    $("log-pause").addEventListener("click", () => this.pause(!this.#paused));
    $("log-newest").addEventListener("click", () => this.follow());
    $("log-clear").addEventListener("click", () => this.clear());
    $("log-wrap").addEventListener("click", () => this.wrap());
    for (const id of ["log-source", "log-dyno", "log-search"]) $(id).addEventListener("input", () => this.#chosen());
    this.#measure();
  }

  /** Lines that the feed brought. lost: how many it had to leave out before them. */
  push(lines, lost = 0) {
    this.#lost += lost;
    for (const line of lines) {
      line.plain = plain(line.text.length > MOST_TEXT ? line.text.slice(0, MOST_TEXT) : line.text);
      this.#know(line.dyno);
      if (accepts(line, this.#filter)) this.#pending.push(line);
    }
    this.#lines.push(...lines);
    if (this.#lines.length > KEPT + 1000) this.#lines.splice(0, this.#lines.length - KEPT);
    if (this.#pending.length > KEPT) this.#pending.splice(0, this.#pending.length - KEPT);
    this.#flush();
  }

  /** The time of the newest line, and whether a line is known already. */
  get newest() {
    return this.#lines.at(-1)?.time ?? 0;
  }

  knows() {
    const keys = new Set(this.#lines.slice(-3000).map(keyOf));
    return (line) => keys.has(keyOf(line));
  }

  clear() {
    this.#lines = [];
    this.#pending = [];
    this.#lost = 0;
    this.chunks.clear();
    this.#flush();
  }

  reset() {
    this.#names.clear();
    setOptions($("log-dyno"), [["", "all"]]);
    this.clear();
  }

  pause(on) {
    this.#paused = on;
    if (!on) this.#away = false;
    $("log-pause").setAttribute("aria-pressed", String(on));
    setText($("log-pause"), on ? "Resume" : "Pause");
    this.#flush();
  }

  follow() {
    this.pause(false);
    this.frame.focus({ preventScroll: true });
  }

  wrap() {
    const on = $("log-wrap").getAttribute("aria-pressed") !== "true";
    $("log-wrap").setAttribute("aria-pressed", String(on));
    this.frame.classList.toggle("long", !on);
    this.#refill();
  }

  /** Show the lines of a dyno or type, or those with a text. */
  pick({ dyno = "", text = "" }) {
    if (dyno) this.#know(dyno);
    $("log-source").value = "";
    $("log-dyno").value = dyno;
    $("log-search").value = text;
    this.#chosen();
    $("log").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    $("log-search").focus({ preventScroll: true });
  }

  // -- what is shown -------------------------------------------------------------------------

  #chosen() {
    const { expression, error } = search($("log-search").value);
    const input = $("log-search");
    input.setAttribute("aria-invalid", String(Boolean(error)));
    setText($("log-search-said"), error ? `No expression: ${error}` : "");
    if (error) return;
    this.#filter = { source: $("log-source").value, dyno: $("log-dyno").value, expression };
    this.#refill();
  }

  #refill() {
    this.chunks.clear();
    this.#pending = this.#lines.filter((line) => accepts(line, this.#filter));
    const wasPaused = this.#paused;
    [this.#paused, this.#away] = [false, false];
    this.#show();
    this.#paused = wasPaused;
    this.#show();
  }

  #show() {
    const waits = this.#paused || this.#away;
    if (!waits && this.#pending.length) {
      this.chunks.add(this.#pending);
      this.#pending = [];
    }
    this.#stay();
    this.#say(waits);
  }

  #say(waits) {
    const count = this.chunks.count;
    const shown = this.#filter.source || this.#filter.dyno || this.#filter.expression;
    const kept = plural(this.#lines.length, "line");
    const lost = this.#lost ? ` · ${plural(this.#lost, "line")} came too fast and are left out` : "";
    setText($("log-count"), this.#lines.length ? `${shown ? `${(count + this.#pending.length).toLocaleString("en-US")} of ${kept}` : kept}${lost}` : "");
    $("log-newest").hidden = !waits;
    const news = this.#pending.length;
    setText($("log-newest-said"), news ? plural(news, "new line") : "Newest");
    $("log-empty").hidden = count > 0;
    setText($("log-empty"), !this.#lines.length ? "Nothing has been said yet. What the dynos print appears here."
      : news ? "New lines wait: Resume shows them." : "No line passes the filters.");
  }

  /** At the end, unless it is to wait. */
  #stay() {
    if (!this.#paused && !this.#away) this.frame.scrollTop = this.frame.scrollHeight;
  }

  #scrolled() {
    // heights that become known move it, too: only a person leaves the end
    if (performance.now() - this.#touched > SCROLLING) return;
    const isAtEnd = this.frame.scrollHeight - this.frame.scrollTop - this.frame.clientHeight < 24;
    if (isAtEnd === !this.#away) return;
    this.#away = !isAtEnd;
    this.#flush();
  }

  #know(name) {
    if (!name || this.#names.has(name)) return;
    this.#names.add(name);
    const types = [...this.#names].map((each) => each.split(".")[0]);
    const all = [...new Set([...types, ...this.#names])].sort(byName);
    setOptions($("log-dyno"), [["", "all"], ...all.map((each) => [each, each])]);
  }

  // -- a line --------------------------------------------------------------------------------

  #row(line) {
    const text = h("span", { class: "text" });
    const cuts = marked(isSuspect(line.text) ? pieces(line.text) : [{ text: line.plain, classes: "" }],
      hits(line.plain, this.#filter.expression));
    text.append(...cuts.map(({ text: piece, classes, hit }) => {
      const inner = hit ? h("mark", {}, piece) : piece;
      return classes ? h("span", { class: classes }, inner) : inner;
    }));
    const name = line.dyno ? `${line.source}[${line.dyno}]` : line.source;
    return h("div", { class: `line ${rank(line)}` },
      h("time", { title: moment(line.time) }, clock(line.time, true)), " ",
      h("span", { class: `who hue${hue(line.dyno)}` }, name), " ", text);
  }

  #measure() {
    const probe = h("div", { class: "line" }, h("time", {}, "0".repeat(40)));
    probe.style.position = "absolute";
    this.frame.append(probe);
    const box = probe.firstChild.getBoundingClientRect();
    this.columns = Math.max(20, Math.floor((this.frame.clientWidth - 32) / (box.width / 40 || 7)));
    this.rowHeight = probe.getBoundingClientRect().height || 20;
    probe.remove();
    this.#stay();
  }

  #height(line) {
    if (this.frame.classList.contains("long")) return this.rowHeight;
    return this.rowHeight * Math.ceil((line.plain.length + 30) / this.columns);
  }
}

const keyOf = (line) => `${line.time} ${line.dyno} ${line.text.slice(0, 80)}`;

/** How bad a line is, for the stripe beside it. Only what the platform says, in Heroku's forms. */
function rank({ source, text }) {
  if (source !== "heroku") return "";
  if (/^at=error |^Error [HRL]\d\d|to crashed$/.test(text)) return "bad";
  return text.startsWith("at=warning ") ? "warn" : "";
}

const hues = new Map([["router", 8], ["api", 1], ["web", 2], ["worker", 4], ["clock", 5], ["run", 7]]);

/** A colour for each process type, the same for all its dynos. */
function hue(dyno) {
  const type = dyno.split(".")[0];
  if (!hues.has(type) && hues.size < MOST_TYPES) hues.set(type, (hues.size % HUES) + 1);
  return hues.get(type) ?? HUES;
}

