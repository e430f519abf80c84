// The numbers of this moment, large: requests, response time, errors, memory.

import { $, h, setText } from "./dom.js";
import { bytes, ms, number } from "./format.js";
import { CLASSES } from "./series.js";

const OVER = 60; // seconds that a number stands for

export class Tiles {
  constructor() {
    this.tiles = ["Requests", "Response time", "Errors", "In flight", "Memory"].map((name) => {
      const [value, unit, more] = [h("b", {}), h("small", {}), h("span", { class: "faint" })];
      const element = h("div", { class: "tile" }, h("h3", {}, name), h("p", {}, value, " ", unit), more);
      return { element, value, unit, more };
    });
    $("tiles").replaceChildren(...this.tiles.map((tile) => tile.element));
  }

  /** recent: the points of the last minute at most; dynos: what runs. */
  show(recent, dynos) {
    const known = recent.filter(Boolean);
    const sum = (pick) => known.reduce((total, point) => total + pick(point), 0);
    const requests = sum((point) => CLASSES.reduce((n, name) => n + (point.requests?.[name] ?? 0), 0));
    const failed = sum((point) => point.requests?.["5xx"] ?? 0);
    const worst = known.reduce((most, point) => Math.max(most, point.service?.count ? point.service.max : 0), 0);
    const newest = known.filter((point) => point.service?.count).at(-1);
    const measured = dynos.filter((dyno) => dyno.memory !== undefined);
    const memory = measured.reduce((total, dyno) => total + dyno.memory, 0);
    const counted = dynos.filter((dyno) => Number.isInteger(dyno.in_flight)); // none with several routers
    const flight = counted.length ? counted.reduce((total, dyno) => total + dyno.in_flight, 0) : null;
    this.#set(0, number(requests / OVER), "a second", `${number(requests)} in the last minute`);
    this.#set(1, newest ? ms(newest.service.p95) : "–", newest ? "p95" : "", worst ? `slowest of a minute ${ms(worst)}` : "no request in the last minute");
    const share = requests ? (failed / requests) * 100 : 0;
    this.#set(2, requests ? `${number(share)} %` : "–", "", `${number(failed)} of ${number(requests)} with 5xx`, failed > 0);
    this.#set(3, number(flight), "", flight === null ? "unknown with several routers" : "requests at the dynos now");
    this.#set(4, measured.length ? bytes(memory) : "–", "", measured.length ? `of ${measured.length} dynos` : "not measured yet");
  }

  #set(at, value, unit, more, isBad = false) {
    const tile = this.tiles[at];
    setText(tile.value, value);
    setText(tile.unit, unit);
    setText(tile.more, more);
    tile.element.classList.toggle("bad", isBad);
  }
}
