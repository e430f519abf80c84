"""logfmt: `at=info path="/a b" dyno=`. Pure.

As the router writes it and l2met reads it (heroku.md 1.1 and 4.4): pairs parted by spaces, a value
in double quotes where it needs them, a key alone has an empty value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_PAIR = re.compile(r'([^\s="]+)(?:=(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|(\S*)))?', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r'[\s="\\\x00-\x1f\x7f]')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "x": "\\x"}  # an octet, \x1b, stays written out
_NAMED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_TO_ESCAPE = re.compile(r'[\\"\n\r\t]')


def parse(line: str) -> list[tuple[str, str]]:
    """The pairs of line, in order. Text that is no pair is read as keys with an empty value."""
    pairs = []
    for match in _PAIR.finditer(line):
        key, quoted, plain = match.groups()
        if quoted is not None:
            pairs.append((key, _unescape(quoted)))
        else:
            pairs.append((key, plain or ""))
    return pairs


def emit(pairs: Iterable[tuple[str, str]], quoted: Collection[str] = ()) -> str:
    """One line (no `\\n`) of pairs. quoted: keys whose value is always quoted, as Heroku's router
    does with path, fwd and desc. An empty value that need not be quoted is written `key=`."""
    return " ".join(
        f"{key}={quote(value) if key in quoted or _SPECIAL.search(value) else value}"
        for key, value in pairs
    )


def quote(value: str) -> str:
    """value in double quotes, with `"`, `\\` and line ends escaped."""
    return '"' + _TO_ESCAPE.sub(lambda match: _NAMED[match.group()], value) + '"'


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda match: _ESCAPES.get(match.group(1), match.group(1)), text)
