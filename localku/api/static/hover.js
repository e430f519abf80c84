// The moment that the person points at: the same one in all charts and in the strip of events.

const listeners = new Set();
let moment = null;

export const hovered = () => moment;

export function onHover(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function hover(seconds) {
  if (seconds === moment) return;
  moment = seconds;
  for (const listener of listeners) listener(seconds);
}

/** The place of a moment in sorted times: the nearest one, or -1. */
export function placeOf(times, seconds) {
  if (seconds === null || !times.length) return -1;
  const step = times.length > 1 ? times[1] - times[0] : 1;
  const at = Math.round((seconds - times[0]) / step);
  return at >= 0 && at < times.length ? at : -1;
}
