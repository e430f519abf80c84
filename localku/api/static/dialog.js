// A question before something that hurts, and the one line for what went wrong.

import { $, setText } from "./dom.js";

const LASTS = 12000; // ms that a message stays

/** Whether the person says yes. */
export function confirm(title, text, yes) {
  const dialog = $("confirm");
  setText($("confirm-title"), title);
  setText($("confirm-text"), text);
  setText($("confirm-yes"), yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", function closed() {
      if (dialog.open) return; // the event of the question before this one comes late
      dialog.removeEventListener("close", closed);
      resolve(dialog.returnValue === "yes");
    });
  });
}

let timer = 0;

/** Show one line of trouble; "" takes it away. */
export function trouble(text) {
  clearTimeout(timer);
  $("trouble").hidden = !text;
  setText($("trouble-text"), text);
  if (text) timer = setTimeout(() => trouble(""), LASTS);
}

$("trouble-close").addEventListener("click", () => trouble(""));
