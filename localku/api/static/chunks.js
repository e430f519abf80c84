// The lines on the page: blocks of a hundred, of which only those near the eye have content, so that
// thousands of lines a second cost what a screenful costs.

import { h } from "./dom.js";

export const CHUNK = 100; // lines
const MOST = 100; // chunks
const NEAR = "800px"; // around what is seen

export class Chunks {
  #list = [];
  #byElement = new Map();

  /** render(line): its element. estimate(line): its height in pixels before it was drawn. */
  constructor(scroller, render, estimate) {
    this.content = h("div", {});
    scroller.append(this.content);
    Object.assign(this, { render, estimate });
    this.watch = new IntersectionObserver((entries) => {
      for (const entry of entries) this.#look(entry);
    }, { root: scroller, rootMargin: `${NEAR} 0px` });
  }

  get count() {
    return this.#list.reduce((sum, chunk) => sum + chunk.lines.length, 0);
  }

  /** Add lines at the end; the last ones are drawn at once, older ones when they come into sight. */
  add(lines) {
    let from = 0;
    while (from < lines.length) {
      let chunk = this.#list.at(-1);
      if (!chunk || chunk.lines.length >= CHUNK) chunk = this.#open();
      const piece = lines.slice(from, from + CHUNK - chunk.lines.length);
      chunk.lines.push(...piece);
      from += piece.length;
      if (chunk.drawn) chunk.element.append(...piece.map(this.render));
      else if (lines.length - from < CHUNK) this.#draw(chunk);
      else this.#reserve(chunk);
    }
    for (const old of this.#list.splice(0, Math.max(0, this.#list.length - MOST))) this.#drop(old);
  }

  clear() {
    for (const chunk of this.#list.splice(0)) this.#drop(chunk);
  }

  #open() {
    const chunk = { element: h("div", { class: "chunk" }), lines: [], drawn: false };
    this.#list.push(chunk);
    this.#byElement.set(chunk.element, chunk);
    this.content.append(chunk.element);
    this.watch.observe(chunk.element);
    return chunk;
  }

  #draw(chunk) {
    chunk.drawn = true;
    chunk.element.style.height = "";
    chunk.element.replaceChildren(...chunk.lines.map(this.render));
  }

  #reserve(chunk) {
    chunk.element.style.height = `${chunk.lines.reduce((sum, line) => sum + this.estimate(line), 0)}px`;
  }

  #look({ target, isIntersecting, boundingClientRect }) {
    const chunk = this.#byElement.get(target);
    if (!chunk) return;
    if (isIntersecting && !chunk.drawn) this.#draw(chunk);
    if (!isIntersecting && chunk.drawn && chunk !== this.#list.at(-1)) {
      chunk.drawn = false;
      target.style.height = `${boundingClientRect.height}px`;
      target.replaceChildren();
    }
  }

  #drop(chunk) {
    this.watch.unobserve(chunk.element);
    this.#byElement.delete(chunk.element);
    chunk.element.remove();
  }
}
