// The live feed of one app: reads server-sent events with fetch (which can send the token), and
// comes back by itself when the platform was away.

import { ApiError, appPath, request } from "./api.js";
import { EventParser } from "./sse.js";

const SILENCE = 12000; // ms; there is a point every second, so this much is a dead connection
const FIRST = 500; // ms until the second try; doubles
const MOST = 5000;

export class Feed {
  #abort = null;
  #closed = false;
  #wake = () => {};

  /** on: {state(name, detail), connected(), event(name, object), refused(error)}; lines(): how many
   * old lines the next connection should bring. */
  constructor(app, on) {
    this.app = app;
    this.on = on;
    this.tries = 0;
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
  }

  #hurry = () => {
    if (!document.hidden) this.#wake();
  };

  close() {
    this.#closed = true;
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#abort?.abort();
    this.#wake();
  }

  async run() {
    while (!this.#closed) {
      this.on.state("connecting");
      try {
        await this.#read();
      } catch (error) {
        if (this.#closed) return;
        if (error instanceof ApiError && (error.status === 401 || error.status === 404)) {
          this.close();
          this.on.refused(error);
          return;
        }
      }
      if (!this.#closed) await this.#pause();
    }
  }

  async #pause() {
    const wait = Math.min(MOST, FIRST * 2 ** this.tries) * (0.8 + 0.4 * Math.random());
    this.tries += 1;
    this.on.state("away", { until: Date.now() + wait });
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#wake = () => { clearTimeout(timer); resolve(); };
    });
    this.#wake = () => {};
  }

  async #read() {
    const abort = new AbortController();
    this.#abort = abort;
    let watch = setTimeout(() => abort.abort(), SILENCE);
    try {
      const path = `/localku${appPath(this.app, "live")}?lines=${this.on.lines()}`;
      const headers = { Accept: "text/event-stream" };
      const response = await request("GET", path, undefined, { headers, signal: abort.signal });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser();
      this.on.connected();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(watch);
        watch = setTimeout(() => abort.abort(), SILENCE);
        this.tries = 0;
        for (const { event, data } of parser.feed(value)) this.on.event(event, JSON.parse(data));
      }
    } finally {
      clearTimeout(watch);
      abort.abort();
    }
  }
}
