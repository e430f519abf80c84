"use strict";
// Draws the report from the JSON in #data. Everything is put in as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const FONT = "11px system-ui, sans-serif";
  const HEIGHT = 260;
  const root = document.documentElement;
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const redraws = [];

  function h(name, properties, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function short(value) {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    if (size >= 10000) return `${+(value / 1000).toPrecision(3)}k`;
    return size >= 100 ? value.toFixed(0) : String(+value.toPrecision(3));
  }

  const mainColour = matchMedia("(prefers-color-scheme: dark)");
  function setTheme(theme) {
    root.dataset.theme = theme;
    for (const redraw of redraws) redraw();
  }
  mainColour.addEventListener("change", () => setTheme(mainColour.matches ? "dark" : "light"));
  root.dataset.theme = mainColour.matches ? "dark" : "light";

  function head() {
    const button = h("button", { type: "button", class: "theme" }, "Light or dark");
    button.addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
    const facts = h("dl", { class: "facts" });
    for (const [name, value] of data.facts) facts.append(h("div", {}, h("dt", {}, name), h("dd", {}, value)));
    document.body.append(h("header", {}, h("h1", {}, data.title), h("span", { class: "gap" }), button), facts);
  }

  function card({ title, note }, ...children) {
    return h("section", { class: "card" }, h("h2", {}, title), h("p", { class: "faint" }, note || ""), ...children);
  }

  function sayings() {
    if (!data.sayings.length) return;
    const list = h("ul", { class: "sayings" });
    for (const each of data.sayings) list.append(h("li", {}, each));
    document.body.append(h("section", { class: "card" }, h("h2", {}, "What it says"), list));
  }

  function table(each) {
    const isText = each.columns.map((_, at) => each.rows.every((row) => /^[a-z]/i.test(row[at] || "a")));
    const cell = (name, text, at) => h(name, isText[at] ? { class: "text" } : {}, text);
    const heads = h("tr", {}, ...each.columns.map((text, at) => cell("th", text, at)));
    const rows = each.rows.map((row) => h("tr", {}, ...row.map((text, at) => cell("td", String(text), at))));
    return card(each, h("div", { class: "wide" }, h("table", {}, h("thead", {}, heads), h("tbody", {}, ...rows))));
  }

  // -- plots

  function aligned(plot) {
    const tables = [];
    for (const each of plot.series) {
      tables.push([each.points.map((p) => p[0]), each.points.map((p) => p[1])]);
      if (each.band) {
        const xs = each.band.map((p) => p[0]);
        tables.push([xs, each.band.map((p) => p[2])], [xs, each.band.map((p) => p[1])]);
      }
    }
    for (const each of tables) sortTable(each);
    return uPlot.join(tables);
  }

  function sortTable(each) {
    const order = each[0].map((_, at) => at).sort((a, b) => each[0][a] - each[0][b]);
    const seen = new Set();
    const kept = order.filter((at) => !seen.has(each[0][at]) && seen.add(each[0][at]));
    for (const place of [0, 1]) each[place] = kept.map((at) => each[place][at]);
  }

  function seriesOf(plot) {
    const series = [{}];
    const bands = [];
    for (const each of plot.series) {
      const stroke = colour(`--line-${each.color}`);
      const hasLine = each.style !== "dots";
      const hasDots = each.style === "dots" || each.style === "both";
      series.push({
        label: each.label, stroke, spanGaps: true, width: hasLine ? 1.75 : 0,
        dash: each.style === "dash" ? [6, 4] : undefined,
        paths: hasLine ? undefined : () => null,
        points: hasDots ? { show: true, size: each.style === "dots" ? 9 : 6, fill: stroke, stroke, filter: filled } : { show: false },
      });
      if (each.band) {
        series.push({ show: true, spanGaps: true, width: 0, points: { show: false } });
        series.push({ show: true, spanGaps: true, width: 0, points: { show: false } });
        bands.push({ series: [series.length - 2, series.length - 1], fill: `color-mix(in srgb, ${stroke} 14%, transparent)` });
      }
    }
    return { series, bands };
  }

  function filled(plot, at) {
    return plot.data[at].map((value, index) => (value === null || value === undefined ? -1 : index)).filter((index) => index >= 0);
  }

  function range(plot) {
    if (plot.y.log) return { distr: 3, range: (_, low, high) => [10 ** Math.floor(Math.log10(Math.max(low, 0.1)) * 2 / 2), high * 1.25] };
    return { range: (_, low, high) => [0, plot.y.max || (high || 1) * 1.1] };
  }

  function xRange(plot) {
    const xs = plot.series.flatMap((each) => each.points.map((p) => p[0]));
    const low = Math.min(...xs), high = Math.max(...xs);
    const zero = plot.x.ticks && low >= 1 ? 0 : Math.min(0, low);
    return [plot.x.label === "percentile" ? low : zero, high > low ? high + (high - low) * 0.03 : low + 1];
  }

  function axes(plot) {
    const grid = { stroke: colour("--grid"), width: 1 };
    const axis = { stroke: colour("--faint"), font: FONT, labelFont: FONT, ticks: { show: false }, grid };
    const x = { ...axis, label: plot.x.label, labelSize: 16, size: 26, gap: 6, values: (_, splits) => splits.map(short) };
    if (plot.x.ticks) {
      x.splits = () => plot.x.ticks.map((each) => each[0]);
      x.values = () => plot.x.ticks.map((each) => each[1]);
      x.filter = (_, splits) => splits;
    }
    const y = { ...axis, label: plot.y.label, labelSize: 16, size: 48, gap: 6, space: 30, values: (_, splits) => splits.map((v) => (v === null ? "" : short(v))) };
    if (plot.y.log) {
      y.filter = (u, splits) => {
        const near = u.scales.y.max / u.scales.y.min < 60 ? [1, 2, 5] : [1];
        return splits.map((v) => (v && near.some((n) => Math.abs(Math.log10(v / n) - Math.round(Math.log10(v / n))) < 1e-6) ? v : null));
      };
    }
    return [x, y];
  }

  function vertical(u, x, low, high, dash) {
    const { ctx, bbox } = u;
    const at = Math.round(u.valToPos(x, "x", true)) + 0.5;
    ctx.setLineDash(dash.map((each) => each * devicePixelRatio));
    ctx.beginPath();
    ctx.moveTo(at, low === null ? bbox.top + bbox.height : u.valToPos(low, "y", true));
    ctx.lineTo(at, high === null ? bbox.top : u.valToPos(high, "y", true));
    ctx.stroke();
    return at;
  }

  function over(u, plot) {
    const { ctx } = u;
    ctx.save();
    for (const each of plot.series) {
      ctx.strokeStyle = colour(`--line-${each.color}`);
      ctx.lineWidth = 1.5 * devicePixelRatio;
      for (const [x, low, high] of each.bars || []) vertical(u, x, low, high, []);
    }
    ctx.strokeStyle = ctx.fillStyle = colour("--faint");
    ctx.lineWidth = devicePixelRatio;
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    plot.marks.forEach((mark, at) => {
      const x = vertical(u, mark.x, null, null, [3, 3]);
      const isLeft = x > u.bbox.left + u.bbox.width * 0.7;
      ctx.textAlign = isLeft ? "right" : "left";
      ctx.fillText(mark.text, x + (isLeft ? -4 : 4) * devicePixelRatio, u.bbox.top + (12 + 14 * (at % 4)) * devicePixelRatio);
    });
    ctx.restore();
  }

  function chart(plot) {
    const legend = h("div", { class: "legend" });
    const frame = h("div", { class: "plot", role: "img", "aria-label": plot.title });
    const shown = plot.series.map(() => true);
    const places = [];
    let at = 1;
    for (const each of plot.series) { places.push(at); at += each.band ? 3 : 1; }
    const values = plot.series.map((each, index) => {
      const value = h("b", {});
      const swatch = h("i", {});
      const button = h("button", { type: "button", "aria-pressed": "true" }, swatch, each.label, value);
      button.addEventListener("click", () => {
        shown[index] = !shown[index];
        button.setAttribute("aria-pressed", String(shown[index]));
        for (let n = 0; n < (each.band ? 3 : 1); n += 1) u.setSeries(places[index] + n, { show: shown[index] });
      });
      legend.append(button);
      redraws.push(() => { swatch.style.background = colour(`--line-${each.color}`); });
      swatch.style.background = colour(`--line-${each.color}`);
      return value;
    });
    let u = null;
    const joined = aligned(plot);
    function cursor(view) {
      const index = view.cursor.idx;
      values.forEach((value, each) => {
        const y = index === null || index === undefined ? null : view.data[places[each]][index];
        value.textContent = y === null || y === undefined ? "" : short(y);
      });
    }
    function draw() {
      if (u) u.destroy();
      const width = Math.floor(frame.clientWidth);
      if (!width) return;
      u = new uPlot({
        width, height: HEIGHT, legend: { show: false }, padding: [10, 12, 0, 0],
        cursor: { y: false, drag: { x: false, y: false } },
        scales: { x: { time: false, range: () => xRange(plot) }, y: range(plot) },
        axes: axes(plot), ...seriesOf(plot), hooks: { draw: [(view) => over(view, plot)], setCursor: [cursor] },
      }, joined, frame);
      shown.forEach((is, index) => { if (!is) for (let n = 0; n < (plot.series[index].band ? 3 : 1); n += 1) u.setSeries(places[index] + n, { show: false }); });
    }
    redraws.push(draw);
    let last = 0;
    new ResizeObserver(() => { if (frame.clientWidth !== last) { last = frame.clientWidth; draw(); } }).observe(frame);
    return card(plot, legend, frame);
  }

  // -- bars and strips

  const PARTS = ["--line-2", "--line-3", "--line-4", "--pmax"];

  function keys(names) {
    const list = h("div", { class: "keys" });
    names.forEach((name, at) => {
      const swatch = h("i", {});
      swatch.style.background = `var(${PARTS[at % 4]})`;
      list.append(h("span", {}, swatch, name));
    });
    return list;
  }

  function bars(each) {
    const most = Math.max(...each.rows.map((row) => row.values.reduce((a, b) => a + b, 0)));
    const rows = each.rows.map((row) => {
      const total = row.values.reduce((a, b) => a + b, 0);
      const line = h("div", {});
      row.values.forEach((value, at) => {
        const part = h("i", { title: `${each.parts[at]}: ${short(value)} ms` });
        part.style.width = `${(100 * value) / most}%`;
        part.style.background = `var(${PARTS[at % 4]})`;
        line.append(part);
      });
      return h("div", { class: "bar" }, h("span", {}, row.label), line, h("span", { class: "num" }, `${short(total)} ms`));
    });
    return card(each, keys(each.parts), ...rows);
  }

  function strips(each) {
    const all = each.rows.flatMap((row) => row.cells.map((cell) => cell[4])).filter((value) => value > 0);
    const low = Math.log(Math.min(...all)), high = Math.log(Math.max(...all));
    const rows = each.rows.map((row) => {
      const line = h("div", {});
      for (const [t, requests, errors, p50, p99] of row.cells) {
        const cell = h("i", { title: `second ${t}: ${requests} requests, ${errors} errors, p50 ${short(p50)} ms, p99 ${short(p99)} ms` });
        const share = p99 > 0 && high > low ? (Math.log(p99) - low) / (high - low) : 0;
        const base = errors ? "--bad" : "--accent";
        if (requests) cell.style.background = `color-mix(in srgb, var(${base}) ${errors ? 100 : Math.round(12 + 88 * share)}%, var(--inset))`;
        line.append(cell);
      }
      return h("div", { class: "strip" }, h("span", {}, row.label), line);
    });
    return card(each, ...rows);
  }

  head();
  sayings();
  const [first, ...others] = data.tables;
  if (first) document.body.append(table(first));
  document.body.append(h("div", { class: "plots" }, ...data.plots.map(chart)));
  document.body.append(...data.bars.map(bars), ...data.strips.map(strips), ...others.map(table));
})();
