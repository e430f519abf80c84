// Server-sent events out of chunks of text (HTML standard, 9.2.6). Pure.

const MAX_EVENT = 8 << 20; // characters; more is no event of ours

/** feed(text) returns the events that are whole now: [{event, data}]. */
export class EventParser {
  #rest = "";
  #event = "";
  #data = [];
  #size = 0;

  feed(text) {
    const found = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    if (this.#rest.length > MAX_EVENT) throw new Error("an event is too long");
    for (const line of lines) {
      if (line === "") {
        if (this.#data.length) found.push({ event: this.#event || "message", data: this.#data.join("\n") });
        this.#event = "";
        this.#data = [];
        this.#size = 0;
      } else {
        this.#field(line);
      }
    }
    return found;
  }

  #field(line) {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") this.#event = value;
    if (name === "data") {
      this.#size += value.length;
      if (this.#size > MAX_EVENT) throw new Error("an event is too long");
      this.#data.push(value);
    }
  }
}
