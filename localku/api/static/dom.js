// Small helpers for the document. Data becomes text, never markup.

export const $ = (id) => document.getElementById(id);

/** An element: h("button", {class: "x", onclick: f}, "text", other). Strings are text nodes. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Change the text only when it differs: no selection is lost, no layout is made for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Text with `code` in it: "Run `localku start`." becomes nodes with <code>. */
export function prose(text) {
  return text.split("`").map((piece, at) => (at % 2 ? h("code", {}, piece) : piece));
}

/** A text that is a list of options of a select; keeps what is chosen if it is still there. */
export function setOptions(select, options) {
  const key = JSON.stringify(options);
  if (select.dataset.key === key) return;
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, label]) => h("option", { value }, label)));
  select.dataset.key = key;
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}

/** Run `work` once in the next frame, however often it is asked for until then. A hidden tab has no
 * frames: the next one is when it is seen again. */
export function onceAFrame(work) {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; work(); });
  };
}
