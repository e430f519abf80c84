// Which lines are shown, and what in them is found. Pure.

const MOST_HITS = 50; // in one line

/** What was typed: {test(text), error}. `/…/` and `/…/i` are expressions, else letters any case. */
export function search(typed) {
  const text = typed.trim();
  if (!text) return { expression: null, error: "" };
  const slashes = /^\/(.+)\/([imsu]*)$/.exec(text);
  if (!slashes) return { expression: new RegExp(escaped(text), "gi"), error: "" };
  try {
    return { expression: new RegExp(slashes[1], `g${slashes[2]}`), error: "" };
  } catch (error) {
    return { expression: null, error: error.message.replace(/^Invalid regular expression: /, "") };
  }
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Whether a line is shown. dyno: a dyno's name, or a type, which means all of its dynos. */
export function accepts(line, { source, dyno, expression }) {
  if (source && line.source !== source) return false;
  if (dyno && line.dyno !== dyno && !line.dyno.startsWith(`${dyno}.`)) return false;
  if (!expression) return true;
  expression.lastIndex = 0;
  return expression.test(line.plain) || (expression.lastIndex = 0, expression.test(`${line.source}[${line.dyno}]`));
}

/** Where in a text it is found: [[from, to], …]. */
export function hits(text, expression) {
  const found = [];
  if (!expression) return found;
  expression.lastIndex = 0;
  for (const match of text.matchAll(expression)) {
    if (match[0]) found.push([match.index, match.index + match[0].length]);
    if (found.length >= MOST_HITS) break;
  }
  return found;
}

/** Pieces [{text, classes}] cut at the hits; those within have `hit: true`. */
export function marked(pieces, found) {
  if (!found.length) return pieces;
  const cuts = [];
  let at = 0;
  for (const piece of pieces) {
    let from = 0;
    for (const [start, end] of found) {
      const a = Math.max(from, start - at);
      const b = Math.min(piece.text.length, end - at);
      if (a >= b) continue;
      if (a > from) cuts.push({ ...piece, text: piece.text.slice(from, a) });
      cuts.push({ ...piece, text: piece.text.slice(a, b), hit: true });
      from = b;
    }
    if (from < piece.text.length) cuts.push({ ...piece, text: piece.text.slice(from) });
    at += piece.text.length;
  }
  return cuts;
}
