// The table of dynos, by process type, with the buttons that change them. Rows keep their elements,
// so that focus and a half-typed number survive an update.

import { restart, restartAll, scale, stop } from "./actions.js";
import { $, h, prose, setText } from "./dom.js";
import { age, bytes, number, plural } from "./format.js";
import { byName } from "./series.js";

export class Dynos {
  #groups = new Map();

  /** onPick(name): the person wants to read the lines of a dyno or a type. */
  constructor(onPick) {
    this.onPick = onPick;
    this.app = "";
    this.skew = 0; // seconds that the platform's clock is ahead of ours
    this.table = document.querySelector("table.dynos");
    this.dynos = [];
    $("restart-all").addEventListener("click", () => restartAll(this.app, this.dynos.length));
  }

  reset(app) {
    this.app = app;
    this.dynos = [];
    for (const group of this.#groups.values()) group.body.remove();
    this.#groups.clear();
    this.#said();
  }

  /** hello: the formation. */
  formation(formation) {
    this.known = formation;
    for (const process of formation) this.#group(process.type).show(process);
    const types = new Set(formation.map((process) => process.type));
    for (const [type, group] of this.#groups) {
      if (!types.has(type) && !group.rows.size) {
        group.body.remove();
        this.#groups.delete(type);
      }
    }
    this.table.append(...formation.map((process) => this.#groups.get(process.type).body));
    this.#said();
  }

  show(dynos) {
    this.dynos = dynos;
    for (const dyno of dynos) this.#group(dyno.type);
    for (const group of this.#groups.values()) group.dynos(dynos.filter((dyno) => dyno.type === group.type));
    this.#said();
    this.tick();
  }

  /** Time goes on: the uptimes do, too. */
  tick() {
    const now = Date.now() / 1000 + this.skew;
    for (const group of this.#groups.values()) group.tick(now);
  }

  #group(type) {
    if (!this.#groups.has(type)) {
      const group = new Group(type, this);
      this.#groups.set(type, group);
      this.table.append(group.body);
    }
    return this.#groups.get(type);
  }

  #said() {
    const up = this.dynos.filter((dyno) => dyno.state === "up").length;
    setText($("dynos-said"), this.dynos.length ? `${up} of ${plural(this.dynos.length, "dyno")} up` : "");
    const hasTypes = this.#groups.size > 0;
    this.table.hidden = !hasTypes;
    $("restart-all").disabled = !this.dynos.length;
    $("no-dynos").hidden = hasTypes;
    if (!hasTypes && this.known) {
      $("no-dynos").replaceChildren(...prose("This app has no code yet: `localku apps:source DIR` gives it some. A Procfile says what runs."));
    }
  }
}

class Group {
  constructor(type, owner) {
    this.type = type;
    this.owner = owner;
    this.rows = new Map();
    this.quantity = null;
    this.command = h("code", { class: "command" });
    this.size = h("span", { class: "faint" });
    const step = (by) => () => this.#ask((this.quantity ?? 0) + by);
    this.number = h("input", { type: "text", inputmode: "numeric", "aria-label": `Number of ${type} dynos`, size: "3", autocomplete: "off", disabled: true });
    this.fewer = h("button", { "aria-label": `One ${type} dyno fewer`, onclick: step(-1), disabled: true }, "−");
    this.more = h("button", { "aria-label": `One ${type} dyno more`, onclick: step(1), disabled: true }, "+");
    this.number.addEventListener("keydown", (event) => this.#key(event));
    this.number.addEventListener("blur", () => { this.number.value = this.quantity ?? ""; });
    const name = h("button", { class: "quiet name", title: "Show its lines in the log", onclick: () => owner.onPick(type) }, type);
    this.none = h("tr", { class: "none", hidden: true }, h("td", { colspan: "8", class: "faint" }, "No dyno: + starts one."));
    this.body = h("tbody", { "data-type": type }, h("tr", { class: "group" }, h("th", { scope: "rowgroup", colspan: "8" },
      h("div", {}, name, h("span", { class: "scale", role: "group", "aria-label": `Scale ${type}` }, this.fewer, this.number, this.more), this.size, this.command))), this.none);
  }

  show({ command, quantity, size }) {
    setText(this.command, command);
    this.command.title = command;
    setText(this.size, size ?? "");
    this.quantity = quantity;
    for (const each of [this.number, this.more]) each.disabled = false;
    this.fewer.disabled = quantity === 0;
    if (document.activeElement !== this.number) this.number.value = quantity;
    this.none.hidden = quantity > 0 || this.rows.size > 0;
  }

  dynos(dynos) {
    const names = new Set(dynos.map((dyno) => dyno.name));
    for (const [name, row] of this.rows) {
      if (names.has(name)) continue;
      row.element.remove();
      this.rows.delete(name);
    }
    let fresh = false;
    for (const dyno of dynos) {
      if (!this.rows.has(dyno.name)) {
        this.rows.set(dyno.name, new Row(dyno.name, this.owner));
        fresh = true;
      }
      this.rows.get(dyno.name).show(dyno);
    }
    if (fresh) this.body.append(...[...this.rows.keys()].sort(byName).map((name) => this.rows.get(name).element));
    this.none.hidden = this.quantity !== 0 || this.rows.size > 0;
  }

  tick(now) {
    for (const row of this.rows.values()) row.tick(now);
  }

  #key(event) {
    if (event.key === "Enter") {
      const text = this.number.value.trim();
      this.#ask(/^\d{1,4}$/.test(text) ? Number(text) : NaN);
    }
    if (event.key === "Escape") this.number.value = this.quantity;
    const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (by) {
      event.preventDefault();
      this.number.value = Math.max(0, (Number(this.number.value) || 0) + by);
    }
  }

  async #ask(to) {
    const done = await scale(this.owner.app, this.type, this.quantity, to);
    if (!done) this.number.value = this.quantity;
  }
}

const STATES = { up: "good", starting: "busy", crashed: "bad", idle: "", down: "", stopping: "busy", complete: "" };

class Row {
  constructor(name, owner) {
    const cell = () => h("td", { class: "num" });
    this.state = h("span", { class: "state" });
    this.uptime = cell();
    this.memory = h("span", {});
    this.bar = h("span", { class: "bar", "aria-hidden": "true" }, h("i", {}));
    [this.load, this.flight, this.restarts] = [cell(), cell(), cell()];
    const button = (label, act) => h("button", { "aria-label": `${label} ${name}`, onclick: () => act(owner.app, name) }, label);
    this.element = h("tr", { "data-dyno": name },
      h("th", { scope: "row" }, h("button", { class: "quiet name", title: "Show its lines in the log", onclick: () => owner.onPick(name) }, name)),
      h("td", {}, this.state), this.uptime, h("td", { class: "num memory" }, this.memory, this.bar),
      this.load, this.flight, this.restarts,
      h("td", { class: "act" }, button("Restart", restart), button("Stop", stop)));
  }

  show(dyno) {
    this.since = dyno.since;
    setText(this.state, dyno.state);
    this.state.className = `state ${STATES[dyno.state] ?? ""}`;
    this.state.title = dyno.pid ? `pid ${dyno.pid}` : "";
    const { memory, quota } = dyno;
    setText(this.memory, memory === undefined ? "–" : quota ? `${bytes(memory)} of ${bytes(quota)}` : bytes(memory));
    this.bar.hidden = !quota || memory === undefined;
    const share = quota ? memory / quota : 0;
    this.bar.firstChild.style.width = `${Math.min(100, share * 100)}%`;
    this.bar.className = `bar ${share > 1 ? "over" : share > 0.8 ? "near" : ""}`;
    setText(this.load, number(dyno.load ?? null));
    setText(this.flight, number(dyno.in_flight ?? null));
    setText(this.restarts, number(dyno.restarts ?? 0));
  }

  tick(now) {
    setText(this.uptime, this.since ? age(now - this.since) : "–");
  }
}
