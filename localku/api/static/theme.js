// Light or dark, before anything is painted. What the person chose wins over the system.
"use strict";
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try { return localStorage.getItem("localku-theme"); } catch { return null; }
  };
  const show = () => {
    root.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
    dispatchEvent(new Event("themechange"));
  };
  system.addEventListener("change", show);
  addEventListener("toggletheme", () => {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    const own = next === (system.matches ? "dark" : "light") ? null : next;
    try {
      if (own === null) localStorage.removeItem("localku-theme");
      else localStorage.setItem("localku-theme", own);
    } catch { /* not kept */ }
    root.dataset.theme = next;
    dispatchEvent(new Event("themechange"));
  });
  show();
})();
