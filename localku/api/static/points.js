// What is known of the last minutes or hours: points by time, marks, and what of it is missing.

export const RANGES = { 300: 1, 1800: 10, 7200: 60 }; // seconds shown -> seconds of one point

const KEPT_MARKS = 1000;

/** Points of one resolution. now: seconds since the epoch by the platform's clock. */
export class Points {
  constructor(range) {
    this.range = Number(range);
    this.step = RANGES[range];
    this.byTime = new Map();
    this.until = Infinity; // what was fetched reaches to there
  }

  /** Take points over. A platform that has just started knows only the rest of the moment in which
   * it did: what is known of more requests stays. */
  merge(points) {
    for (const point of points) {
      const known = this.byTime.get(point.t);
      if (!known || requestsOf(known) <= requestsOf(point)) this.byTime.set(point.t, point);
    }
  }

  /** Forget what is older than the range. */
  trim(now) {
    const oldest = now - this.range - 2 * this.step;
    if (this.byTime.size <= this.range / this.step + 60) return;
    for (const t of this.byTime.keys()) if (t < oldest) this.byTime.delete(t);
  }

  /** From where on to ask for: the last point is asked for again, it may have been half. */
  since(now) {
    let last = 0;
    for (const t of this.byTime.keys()) if (t > last) last = t;
    const from = Math.max(last - this.step, now - this.range - this.step);
    return Math.floor(from / this.step) * this.step;
  }

  /** The times shown, the oldest first, as whole steps; the last one is over. */
  times(now) {
    const end = Math.floor(Math.min(now, this.until) / this.step) * this.step - this.step;
    const count = this.range / this.step;
    return Array.from({ length: count }, (_, at) => end - (count - 1 - at) * this.step);
  }

  /** The points of these times; undefined where nothing happened. */
  at(times) {
    return times.map((t) => this.byTime.get(t));
  }
}

const requestsOf = (point) => Object.values(point.requests ?? {}).reduce((sum, count) => sum + count, 0);

/** What happened: releases, scaling, crashes, errors; each once. */
export class Marks {
  #known = new Set();
  list = [];

  merge(marks) {
    for (const mark of marks) {
      const key = `${mark.t}|${mark.kind}|${mark.code}|${mark.dyno}|${mark.text}`;
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      this.list.push(mark);
    }
    this.list.sort((a, b) => a.t - b.t);
    for (const mark of this.list.splice(0, Math.max(0, this.list.length - KEPT_MARKS))) {
      this.#known.delete(`${mark.t}|${mark.kind}|${mark.code}|${mark.dyno}|${mark.text}`);
    }
  }

  within(from, to) {
    return this.list.filter((mark) => mark.t >= from && mark.t <= to);
  }
}
