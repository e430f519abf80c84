// What a terminal would obey, and a page must not: colours become classes, everything else of it
// is taken away or made visible. Pure: gives pieces of text with class names, never markup.

// CSI … final, OSC/DCS/SOS/PM/APC … until BEL or ST, other two- and three-byte escapes (ECMA-48)
// eslint-disable-next-line no-control-regex
const ESCAPE = /(?:\x1b\[|\x9b)([0-9:;<=>?]*)[ -/]*([@-~])|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-OQ-WYZ`-~\\]/g;
// controls but the tab; bidirectional ones, which turn the text around them; line separators
// eslint-disable-next-line no-control-regex
const ODD = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;
// eslint-disable-next-line no-control-regex
const SUSPECT = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/;

/** Whether there is anything to neutralise. */
export const isSuspect = (text) => SUSPECT.test(text);

/** The text without escapes, for the search: what is seen is what is found. */
export function plain(text) {
  return isSuspect(text) ? text.replace(ESCAPE, "").replace(ODD, visible) : text;
}

/** A sign for what has none: ␛, ␍, ‹U+202E›. */
function visible(character) {
  const code = character.codePointAt(0);
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}

/** Pieces [{text, classes}] whose texts together are `plain(text)`. */
export function pieces(text) {
  if (!isSuspect(text)) return [{ text, classes: "" }];
  const found = [];
  let style = {};
  let from = 0;
  const add = (raw) => {
    if (raw) found.push({ text: raw.replace(ODD, visible), classes: classesOf(style) });
  };
  for (const match of text.matchAll(ESCAPE)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m" && /^[0-9;:]*$/.test(match[1])) style = styled(style, match[1]);
  }
  add(text.slice(from));
  return found;
}

/** A style after an SGR sequence. Concealed text stays to be seen. */
function styled(style, parameters) {
  const codes = parameters.split(/[;:]/).slice(0, 32).map(Number);
  let next = { ...style };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.under = true;
    else if (code === 7) next.inverse = true;
    else if (code === 9) next.strike = true;
    else if (code === 22) next.bold = next.dim = false;
    else if (code === 23) next.italic = false;
    else if (code === 24) next.under = false;
    else if (code === 27) next.inverse = false;
    else if (code === 29) next.strike = false;
    else if (code >= 30 && code <= 37) next.fg = code - 30;
    else if (code >= 90 && code <= 97) next.fg = code - 82;
    else if (code === 39) next.fg = undefined;
    else if (code >= 40 && code <= 47) next.bg = code - 40;
    else if (code >= 100 && code <= 107) next.bg = code - 92;
    else if (code === 49) next.bg = undefined;
    else if (code === 38 || code === 48) {
      const isIndex = codes[at + 1] === 5;
      const near = isIndex ? ofIndex(codes[at + 2]) : nearest(codes.slice(at + 2, at + 5));
      next[code === 38 ? "fg" : "bg"] = near;
      at += isIndex ? 2 : 4;
    }
  }
  return next;
}

/** One of 256 colours as one of the sixteen that the page has, for both themes. */
function ofIndex(index) {
  if (!(index >= 0 && index <= 255)) return undefined;
  if (index < 16) return index;
  if (index >= 232) return nearest(Array(3).fill((index - 232) * 10 + 8));
  const cube = index - 16;
  return nearest([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((level) => level * 51));
}

function nearest([red, green, blue]) {
  if (![red, green, blue].every((each) => each >= 0 && each <= 255)) return undefined;
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 40) return most < 70 ? 0 : most < 150 ? 8 : most < 215 ? 7 : 15;
  const bit = (value) => (value > (most + least) / 2 ? 1 : 0);
  return bit(red) + 2 * bit(green) + 4 * bit(blue) + (most > 190 ? 8 : 0);
}

function classesOf(style) {
  const names = ["bold", "dim", "italic", "under", "strike", "inverse"].filter((name) => style[name]);
  if (style.fg !== undefined) names.push(`fg${style.fg}`);
  if (style.bg !== undefined) names.push(`bg${style.bg}`);
  return names.join(" ");
}
