// Keyboard shortcuts, and the list of them.

import { $, h } from "./dom.js";

const isTyping = (element) => element?.matches?.("input, select, textarea, [contenteditable]");

/** log: the view of it; ranges: the buttons of the time range. */
export function listen(log, ranges) {
  const focus = (id) => () => $(id).focus();
  const keys = [
    ["/", "search the log", focus("log-search")],
    ["f", "follow the newest lines", () => log.follow()],
    ["p", "pause the log, or go on", () => $("log-pause").click()],
    ["w", "wrap long lines, or not", () => $("log-wrap").click()],
    ["c", "clear the log on this page", () => $("log-clear").click()],
    ["1 2 3", "5 minutes, 30 minutes, 2 hours", (key) => ranges[Number(key) - 1].click()],
    ["d", "go to the dynos", focus("dynos-title")],
    ["m", "go to the metrics", focus("metrics-title")],
    ["l", "go to the log", focus("lines")],
    ["t", "light or dark", () => $("theme").click()],
    ["?", "this list", () => $("shortcuts").showModal()],
  ];
  const more = [["← →", "on a chart: go through time (Shift: in larger steps)"], ["Esc", "leave a field, a chart, a dialog"]];
  $("shortcuts-list").replaceChildren(...[...keys, ...more].flatMap(([key, what]) =>
    [h("dt", {}, ...key.split(" ").flatMap((each) => [h("kbd", {}, each), " "])), h("dd", {}, what)]));
  $("help").addEventListener("click", () => $("shortcuts").showModal());
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && isTyping(document.activeElement)) return void document.activeElement.blur();
    if (isTyping(event.target) || $("main").hidden) return;
    const found = keys.find(([key]) => key.split(" ").includes(event.key));
    if (!found) return;
    event.preventDefault();
    found[2](event.key);
  });
}
