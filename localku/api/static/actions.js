// What the buttons do: each is one request of the Platform API. Asks first only where it hurts.

import { appPath, request } from "./api.js";
import { confirm, trouble } from "./dialog.js";

const MOST = 100; // dynos that may be asked for here without a question

/** One request; its error becomes the line of trouble. Returns whether it was done. */
async function act(method, path, body) {
  try {
    await request(method, path, body);
    trouble("");
    return true;
  } catch (error) {
    trouble(error.message);
    return false;
  }
}

export async function scale(app, type, from, to) {
  if (!Number.isInteger(to) || to < 0) {
    trouble(`${type} needs a whole number of dynos from 0.`);
    return false;
  }
  if (to === from) return true;
  if (to === 0 && type === "web" && !(await confirm(
    "Scale web to 0?", "Every request will then be answered with an error page (H14).", "Scale to 0"))) return false;
  if (to > MOST && !(await confirm(`Start ${to} dynos of ${type}?`, "Each is a process on this machine.", `Start ${to}`))) return false;
  return act("PATCH", appPath(app, "formation", type), { quantity: to });
}

export const restart = (app, dyno) => act("DELETE", appPath(app, "dynos", dyno));

export const stop = (app, dyno) => act("POST", `${appPath(app, "dynos", dyno)}/actions/stop`);

export async function restartAll(app, count) {
  if (!(await confirm("Restart all dynos?", `All ${count} dynos of ${app} are told to stop (SIGTERM) and start again.`, "Restart all"))) return false;
  return act("DELETE", appPath(app, "dynos"));
}

export async function maintain(app, on) {
  if (on && !(await confirm("Switch maintenance mode on?", "Every request will be answered with status 503 and a page (H80). The dynos run on.", "Switch it on"))) return false;
  return act("PATCH", appPath(app), { maintenance: on });
}
