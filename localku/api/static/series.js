// From points to columns: what each chart draws at each time. Pure.

export const CLASSES = ["2xx", "3xx", "4xx", "5xx", "1xx"];
const HELD_SAMPLE = 60; // seconds
const HELD = 25; // seconds that a measure of memory or load stands for: Heroku takes one every 20 s

/** Requests a second by status class; nothing happened where there is no point. */
export function throughput(points, step) {
  return CLASSES.map((name) => points.map((point) => (point?.requests?.[name] ?? 0) / step));
}

/** Milliseconds; null where there was no request. */
export function percentiles(points, names) {
  return names.map((name) => points.map((point) => (point?.service?.count ? point.service[name] : null)));
}

/** Names of the dynos that have such a measure: web.1 before web.2 before web.10. */
export function dynosWith(points, key) {
  const found = new Set();
  for (const point of points) {
    for (const [name, dyno] of Object.entries(point?.dynos ?? {})) if (key in dyno) found.add(name);
  }
  return [...found].sort(byName);
}

export function byName(a, b) {
  return a.localeCompare(b, "en", { numeric: true });
}

/** A measure of each dyno; held until the next one, but not for long. */
export function perDyno(points, times, names, key) {
  return names.map((name) => {
    let value = null;
    let since = -Infinity;
    return points.map((point, at) => {
      const found = point?.dynos?.[name]?.[key];
      if (found !== undefined && found !== null) {
        value = found;
        since = times[at];
      }
      return times[at] - since <= HELD ? value : null;
    });
  });
}

/** The largest quota in sight, or null. */
export function quota(points) {
  let largest = null;
  for (const point of points) {
    for (const dyno of Object.values(point?.dynos ?? {})) {
      if (dyno.quota) largest = Math.max(largest ?? 0, dyno.quota);
    }
  }
  return largest;
}

/** Columns on top of one another: each is the sum of itself and of those before it. */
export function stacked(columns, shown) {
  const sums = columns.length ? columns[0].map(() => 0) : [];
  return columns.map((column, index) =>
    column.map((value, at) => {
      if (shown[index]) sums[at] += value ?? 0;
      return sums[at];
    }));
}

/** The last value that is one. */
export function lastOf(column) {
  for (let at = column.length - 1; at >= 0; at -= 1) if (column[at] !== null) return column[at];
  return null;
}

/** The app's own metrics in these points: name -> {type, unit, count, columns: source -> …}.
 * A `count` is summed over its sources; percentiles cannot be, so that each source has its own. */
export function customMetrics(points, step) {
  const found = new Map();
  points.forEach((point, at) => {
    for (const [key, metric] of Object.entries(point?.custom ?? {})) {
      const { name, source } = split(key, metric.type);
      if (!found.has(name)) found.set(name, { type: metric.type, unit: metric.unit ?? "", count: 0, sources: new Map() });
      const into = found.get(name);
      if (!into.sources.has(source)) into.sources.set(source, blank(metric.type, points.length));
      add(into, into.sources.get(source), at, metric, step);
    }
  });
  for (const { type, sources } of found.values()) {
    if (type === "sample") for (const source of sources.values()) source.low = held(source.low, Math.ceil(HELD_SAMPLE / step));
  }
  return new Map([...found].sort(([a], [b]) => byName(a, b)));
}

/** A sample stands for what it measured until the next one, for a while. */
function held(column, most) {
  let last = -Infinity;
  return column.map((value, at) => {
    if (value !== null) last = at;
    return value ?? (at - last <= most ? column[last] : null);
  });
}

/** `db.query{web.1}` is the metric db.query of the source web.1. */
function split(key, type) {
  const [, name, source] = /^(.*?)(?:\{(.*)\})?$/s.exec(key);
  return { name, source: type === "count" ? "" : source ?? "" };
}

function blank(type, length) {
  return { low: Array(length).fill(type === "count" ? 0 : null), high: type === "measure" ? Array(length).fill(null) : null };
}

function add(into, { low, high }, at, metric, step) {
  if (metric.type === "measure") {
    low[at] = metric.p50;
    high[at] = metric.p95;
    into.count += metric.count;
  } else if (metric.type === "count") {
    low[at] += metric.sum / step;
    into.count += metric.sum;
  } else {
    low[at] = metric.last;
    into.count += 1;
  }
}

/** Where a column has a value between two gaps: a line cannot show it, a point can. */
export function lonely(column) {
  return column.flatMap((value, at) =>
    (value !== null && (column[at - 1] ?? null) === null && (column[at + 1] ?? null) === null ? [at] : []));
}
