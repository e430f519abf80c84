// How the page comes to its token: it is in the page, or was kept for this tab, or is exchanged
// for the ticket of a link (#ticket=…) or for the key.

import { $ } from "./dom.js";

const KEPT = "localku-token";
const PLACE = "/localku/dashboard/token";

let current = "";

export const token = () => current;

/** What stands behind # in the address: {app, ticket}. */
export const fragment = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

function keep(value) {
  current = value;
  try { sessionStorage.setItem(KEPT, value); } catch { /* this page only */ }
}

function kept() {
  try { return sessionStorage.getItem(KEPT) ?? ""; } catch { return ""; }
}

async function exchange(given) {
  const response = await fetch(PLACE, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  });
  if (!response.ok) throw new Error(response.status === 401 ? "That is not the key." : `Status ${response.status}.`);
  keep((await response.json()).token);
}

/** Have a token: at once, or when the person has given the key. */
export async function enter() {
  const { ticket, ...rest } = fragment();
  if (ticket) {
    // it is good once: a reload or a bookmark must not try it again
    const left = new URLSearchParams(rest).toString();
    history.replaceState(null, "", left ? `#${left}` : location.pathname);
  }
  current = document.querySelector('meta[name="localku-token"]').content;
  if (!current && ticket) await exchange({ ticket }).catch(() => {});
  if (!current) current = kept();
  if (!current) await ask();
}

/** The token is not (or no longer) good: ask for the key. */
export function ask() {
  keep("");
  const form = $("key-entry");
  $("key-form").hidden = false;
  $("main").hidden = true;
  $("key").focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await exchange({ key: $("key").value });
      } catch (error) {
        $("key").setCustomValidity(error.message);
        $("key").reportValidity();
        $("key").oninput = () => $("key").setCustomValidity("");
        return;
      }
      $("key").value = "";
      $("key-form").hidden = true;
      resolve();
    };
  });
}
