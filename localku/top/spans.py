"""Text with style names, as the panes of `localku top` are made of it. Pure.

A line is a tuple of spans; the screen gives each style name its look, `--once` takes the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

Span = tuple[str, str]  # text, style
Line = tuple[Span, ...]

# the styles that there are; two of them, with a space between, add up
STYLES = ("", "bold", "dim", "good", "warn", "bad", "mark", "bar", "title", "cursor")

# a colour of the app's: CSI ... m (ECMA-48 8.3.117)
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# the rest of what a terminal obeys: C0, DEL, C1 (ECMA-48 5.2, 5.3); line and paragraph separators,
# and what turns the direction of the text (Unicode Standard Annex 9), so that no line can look like
# another one
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
TAB = 8


def harmless(text: str) -> str:
    """Text that a terminal shows and never obeys: colours are gone, tabs are spaces, any other
    control character is a picture of itself (`␛` for an escape) or `�`."""
    if text.isprintable():
        return text
    text = _COLOUR.sub("", text)
    return _OBEYED.sub(_picture, text.expandtabs(TAB) if "\t" in text else text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` columns of text: filled up with spaces, or cut, with an ellipsis at its
    end."""
    missing = width - columns(text)
    if missing < 0:
        text, missing = _cut(text, width)
    return " " * missing + text if right else text + " " * missing


def _cut(text: str, width: int) -> tuple[str, int]:
    """The text cut to so many columns, and how many are left over (a wide letter did not fit)."""
    if width <= 0:
        return "", 0
    taken, left = [], width - 1
    for letter in text:
        size = _columns_of(letter)
        if size > left:
            break
        taken.append(letter)
        left -= size
    return "".join(taken) + "…", left


def plain(line: Line) -> str:
    """The text of a line."""
    return "".join(text for text, _ in line)


def wide(line: Line) -> int:
    """How many columns a line takes."""
    return sum(columns(text) for text, _ in line)


def join(parts: Sequence[Line], gap: str) -> Line:
    """Lines behind each other, with a gap between those that have something in them."""
    found: list[Span] = []
    for part in parts:
        if part and found:
            found.append((gap, ""))
        found.extend(part)
    return tuple(found)
