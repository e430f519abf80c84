// From points to columns: what each chart draws at each time. Pure.

export const CLASSES = ["2xx", "3xx", "4xx", "5xx", "1xx"];
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

/** The app's own metrics in these points: name -> {type, unit, columns, sum}. */
export function customMetrics(points, step) {
  const found = new Map();
  points.forEach((point, at) => {
    for (const [name, metric] of Object.entries(point?.custom ?? {})) {
      if (!found.has(name)) found.set(name, fresh(metric, points.length));
      const into = found.get(name);
      if (metric.type === "measure") {
        into.columns[0][at] = metric.p50;
        into.columns[1][at] = metric.p95;
        into.count += metric.count;
      } else if (metric.type === "count") {
        into.columns[0][at] = metric.sum / step;
        into.count += metric.sum;
      } else {
        into.columns[0][at] = metric.last;
        into.count += 1;
      }
    }
  });
  return new Map([...found].sort(([a], [b]) => byName(a, b)));
}

function fresh(metric, length) {
  const blank = metric.type === "count" ? 0 : null;
  const columns = Array.from({ length: metric.type === "measure" ? 2 : 1 }, () => Array(length).fill(blank));
  return { type: metric.type, unit: metric.unit ?? "", columns, count: 0 };
}
