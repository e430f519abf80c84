// The dashboard of one app at a time: opens the door, reads the feed, keeps everything up to date.

import { appPath, get } from "./api.js";
import { Charts } from "./charts.js";
import { KINDS } from "./codes.js";
import { Custom } from "./custom.js";
import { trouble } from "./dialog.js";
import * as door from "./door.js";
import { $, onceAFrame, prose } from "./dom.js";
import { Dynos } from "./dynos.js";
import { Events } from "./events.js";
import { Feed } from "./feed.js";
import { Header } from "./header.js";
import { listen } from "./keys.js";
import { LogView } from "./logview.js";
import { Marks, Points, RANGES } from "./points.js";
import { Tiles } from "./tiles.js";

const FIRST_LINES = 500;
const LATER_LINES = 1500;
const EMPTY = 2000; // ms between two looks at a platform without apps
const PATIENCE = 3; // seconds that a point may be late

class Page {
  constructor() {
    this.log = new LogView();
    this.header = new Header((app) => this.open(app));
    this.dynos = new Dynos((name) => this.log.pick({ dyno: name }));
    this.events = new Events((code) => this.log.pick({ text: code }));
    this.charts = new Charts();
    this.custom = new Custom();
    this.tiles = new Tiles();
    this.ranges = [...$("ranges").children];
    this.#forget();
    this.draw = onceAFrame(() => this.#draw());
    for (const button of this.ranges) button.addEventListener("click", () => this.range(button.dataset.range));
    listen(this.log, this.ranges);
    addEventListener("hashchange", () => this.#moved());
    setInterval(() => this.#tick(), 1000);
  }

  async start() {
    await door.enter();
    try {
      await this.list();
    } catch (error) {
      if (error.status !== 401) {
        this.header.connection("away", { until: Date.now() + 2000 });
        trouble(error.message);
        setTimeout(() => this.start(), 2000);
        return;
      }
      await door.ask();
      await this.list();
    }
    this.range(kept("localku-range") in RANGES ? kept("localku-range") : "300");
    this.open(this.#wanted());
  }

  /** Which apps there are. */
  async list() {
    this.names = (await get("/apps")).map((app) => app.name).sort();
  }

  #wanted() {
    const { app } = door.fragment();
    return this.names.includes(app) ? app : this.names[0] ?? "";
  }

  #moved() {
    const { app } = door.fragment();
    if (app && app !== this.app && this.names.includes(app)) this.open(app);
  }

  /** Show an app, "" for none. */
  open(app) {
    this.feed?.close();
    this.app = app;
    this.hello = null;
    this.now = Date.now() / 1000 - PATIENCE;
    this.marks = new Marks();
    this.#forget();
    this.log.reset();
    this.dynos.reset(app);
    this.header.apps(this.names, app);
    $("main").hidden = !app;
    $("no-app").hidden = Boolean(app);
    if (!app) return this.#none();
    if (door.fragment().app !== app) history.replaceState(null, "", `#app=${encodeURIComponent(app)}`);
    this.feed = new Feed(app, {
      state: (name, detail) => this.header.connection(name, detail),
      connected: () => this.#connected(),
      event: (name, value) => this.#event(name, value),
      refused: (error) => this.#refused(error),
      lines: () => (this.log.newest ? LATER_LINES : FIRST_LINES),
    });
    return this.feed.run();
  }

  /** Nothing is known yet. What is known of each range is kept, so that one can come back to it. */
  #forget() {
    this.past = Object.fromEntries(Object.keys(RANGES).map((range) => [range, new Points(range)]));
    this.recent = this.past[300]; // by the second, whatever range is shown
    this.points = this.past[this.points?.range ?? 300];
  }

  /** Wait for the first app. */
  async #none() {
    this.header.connection("live");
    $("no-app").replaceChildren(...prose("There is no app on this platform yet. Make one: `localku apps:create NAME --root DIR`"));
    while (!this.names.length) {
      await new Promise((resolve) => { setTimeout(resolve, EMPTY); });
      await this.list().catch(() => {});
    }
    return this.open(this.#wanted());
  }

  async #refused(error) {
    if (error.status === 401) await door.ask();
    await this.list().catch(() => {});
    const isThere = this.names.includes(this.app);
    if (!isThere) trouble(`${this.app} is not on this platform any more.`);
    const app = isThere ? this.app : this.names[0] ?? "";
    setTimeout(() => this.open(app), isThere && error.status === 404 ? 2000 : 0);
  }

  // -- the feed ------------------------------------------------------------------------------

  #connected() {
    this.header.connection("live");
    // after an absence the first lines are those that we may have
    this.known = this.log.newest ? this.log.knows() : null;
    this.until = this.log.newest;
    this.fetch();
    this.list().then(() => this.header.apps(this.names, this.app)).catch(() => {});
  }

  /** Bring what is missing of points and marks. */
  async fetch() {
    const [app, points] = [this.app, this.points];
    const { step } = points;
    const since = points.since(this.now);
    try {
      const path = `/localku${appPath(app, "metrics")}?since=${since}&resolution=${step}`;
      const found = await get(path);
      if (app !== this.app || points !== this.points) return;
      this.#clock(found.now);
      points.merge(found.points);
      if (step > 1) points.until = found.now;
      this.marks.merge(found.marks);
      this.draw();
    } catch (error) {
      if (error.status !== 0) trouble(error.message);
    }
  }

  #clock(now) {
    this.skew = now - Date.now() / 1000;
    this.#pass(now);
    this.dynos.skew = this.skew;
  }

  /** Time passes: a second counts when its point is here, or should long have been. */
  #pass(now) {
    this.now = Math.max(this.now, now - PATIENCE);
  }

  #event(name, value) {
    if (name === "lines") this.#lines(value);
    else if (name === "point") this.#point(value);
    else if (name === "mark") this.marks.merge([value]);
    else if (name === "dynos") this.dynos.show(value.dynos);
    else if (name === "hello") this.#hello(value);
    if (name !== "lines") this.draw();
  }

  #hello(value) {
    if (value.app !== this.app) this.#renamed(value.app);
    this.hello = value;
    this.#clock(value.now);
    this.header.hello(value);
    this.dynos.formation(value.formation);
  }

  #renamed(app) {
    this.names = this.names.map((name) => (name === this.app ? app : name));
    this.app = this.feed.app = this.dynos.app = app;
    this.header.apps(this.names, app);
    history.replaceState(null, "", `#app=${encodeURIComponent(app)}`);
  }

  #lines({ lines, dropped }) {
    if (!this.known) return this.log.push(lines, dropped);
    const fresh = lines.filter((line) => line.time > this.until || !this.known(line));
    if (lines.some((line) => line.time > this.until + 1)) this.known = null; // these are of now
    return this.log.push(fresh, dropped);
  }

  #point(point) {
    const { step } = this.points;
    this.now = Math.max(this.now, point.t + 1);
    this.recent.merge([point]);
    if (point.t % step === 0 && step > 1) this.fetch(); // a longer step is over
  }

  // -- what is seen --------------------------------------------------------------------------

  range(range) {
    keep("localku-range", range);
    for (const button of this.ranges) button.setAttribute("aria-pressed", String(button.dataset.range === String(range)));
    this.points = this.past[range];
    if (this.feed) this.fetch();
    this.draw();
  }

  #tick() {
    if (!this.app) return;
    this.dynos.tick();
    this.#pass(Date.now() / 1000 + (this.skew ?? 0));
    this.draw();
  }

  #draw() {
    if (!this.app || !this.points) return;
    const { points, now } = this;
    for (const each of Object.values(this.past)) each.trim(now);
    const times = points.times(now);
    const marks = this.marks.within(times[0], times.at(-1) + points.step * 2);
    const shown = { times, points: points.at(times), step: points.step, marks };
    const drawn = marks.filter((mark) => mark.kind in KINDS).map((mark) => ({ t: mark.t, color: KINDS[mark.kind].color }));
    this.events.show(shown);
    this.charts.show({ ...shown, marks: drawn, web: this.hello?.web_url });
    this.custom.show(shown);
    this.tiles.show(this.recent.at(this.recent.times(now).slice(-60)), this.dynos.dynos);
  }
}

function kept(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function keep(name, value) {
  try { localStorage.setItem(name, value); } catch { /* not kept */ }
}

// for the tests and the curious; the page itself does not use it
export const page = new Page();
page.start();
