// The head of the page: which app, its release and addresses, the connection, maintenance mode.

import { maintain } from "./actions.js";
import { $, h, setOptions, setText } from "./dom.js";

const SAID = { connecting: "Connecting…", live: "Live", away: "Platform away" };

export class Header {
  #maintenance = false;
  #away = 0;

  /** onChoose(app): another app was chosen. */
  constructor(onChoose) {
    this.app = "";
    $("app-choice").addEventListener("change", (event) => onChoose(event.target.value));
    $("maintenance").addEventListener("click", () => maintain(this.app, !this.#maintenance));
    $("theme").addEventListener("click", () => dispatchEvent(new Event("toggletheme")));
  }

  apps(names, current) {
    this.app = current;
    const many = names.length > 1;
    $("app-switch").hidden = !many;
    $("app-name").hidden = many;
    setText($("app-name"), current || "localku");
    setOptions($("app-choice"), names.map((name) => [name, name]));
    $("app-choice").value = current;
    document.title = current ? `${current} · localku` : "localku";
  }

  hello({ release, web_url: web, https_url: https, maintenance, routing }) {
    this.#maintenance = maintenance;
    $("release").hidden = !release;
    setText($("release"), `v${release}`);
    $("release").title = `Release v${release}`;
    const links = [web, https].filter(Boolean);
    $("links").replaceChildren(
      ...links.map((url) => h("a", { href: safe(url), target: "_blank", rel: "noopener noreferrer" }, short(url), h("span", { class: "unseen" }, " (opens the app)"))),
      routing ? h("span", { class: "faint", title: "Who gets the next request: `localku routing` changes it" }, routing) : "");
    $("maintenance").hidden = false;
    $("maintenance").setAttribute("aria-checked", String(maintenance));
    $("maintained").hidden = !maintenance;
  }

  connection(state, detail) {
    clearInterval(this.#away);
    const place = $("connection");
    place.dataset.state = state;
    setText(place, SAID[state]);
    document.body.dataset.state = state;
    if (state !== "away") return;
    // a tick each second is not for the ear: it goes into the title only
    const tick = () => { place.title = `Next try in ${Math.max(0, Math.ceil((detail.until - Date.now()) / 1000))} s. It comes back by itself when the platform runs.`; };
    tick();
    this.#away = setInterval(tick, 1000);
  }
}

const short = (url) => url.replace(/^http:\/\//, "").replace(/\/$/, "");

/** Only addresses of the web: the platform says them, but a link runs what it is given. */
function safe(url) {
  return /^https?:\/\//.test(url) ? url : "#";
}
