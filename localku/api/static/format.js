// Numbers, times and sizes as people read them. Pure.

const MB = 1024 * 1024;

/** Bytes as Heroku shows memory: "84.2 MB", "1.21 GB". */
export function bytes(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 1000 * MB) return `${(value / (1024 * MB)).toFixed(2)} GB`;
  if (value >= 100 * MB) return `${Math.round(value / MB)} MB`;
  if (value >= MB / 10) return `${(value / MB).toFixed(1)} MB`;
  return value ? `${Math.ceil(value / 1024)} KB` : "0 MB";
}

/** Milliseconds: "0.4 ms", "12 ms", "1.25 s". */
export function ms(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  if (value >= 10 || Number.isInteger(value)) return `${Math.round(value)} ms`;
  return `${value.toFixed(1)} ms`;
}

/** A number with three digits that count: 0.25, 12.5, 1,234. */
export function number(value) {
  if (value === null || value === undefined) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

export const rate = (value) => (value === null || value === undefined ? "–" : `${number(value)}/s`);

/** Seconds as an age: "8s", "4m 12s", "3h 5m", "2d 4h". */
export function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [d, h, m, s] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60, whole % 60];
  if (d) return `${d}d ${h}h`;
  if (h) return `${h}h ${m}m`;
  if (m) return `${m}m ${String(s).padStart(2, "0")}s`;
  return `${s}s`;
}

const two = (value) => String(value).padStart(2, "0");

/** The time of day of a moment in seconds since the epoch, as the person's clock shows it. */
export function clock(seconds, fraction = false) {
  const date = new Date(seconds * 1000);
  const day = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return fraction ? `${day}.${String(date.getMilliseconds()).padStart(3, "0")}` : day;
}

/** Whole date and time, for a title. */
export const moment = (seconds) => new Date(seconds * 1000).toISOString().replace("T", " ");

export const plural = (count, one, many = `${one}s`) =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
