"""l2met's conventions: a line of an app's log in, what it measures out. Pure.

As l2met's parser has it (ryandotsmith/l2met, parser/parser.go and tuple.go): of a line's logfmt
pairs, `measure#NAME=12.3ms`, `count#NAME=1` and `sample#NAME=42` count, and the legacy spelling
`measure.NAME=1`. The number is the leading digits with one dot, neither sign nor exponent; the
unit is the value without digits and dots at its ends; a key alone means 1; `source=web.1` splits
the series.

`at=... elapsed=...` is what l2met began with (its first, Ruby, version; scrolls writes such lines):
`elapsed` is a measure of the name that `fn` has. Without `fn`, `at` is the name, unless it says
where in a block the line stands, or how bad it is. scrolls writes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localku.logs import logfmt

MEASURE, COUNT, SAMPLE = "measure", "count", "sample"
NAME_MAX = 100  # characters of a name or a source; longer ones are no metrics
_DIGITS_MAX = 32
_LEGACY = "measure."
_PREFIXES = (
    ("measure#", MEASURE),
    ("count#", COUNT),
    ("sample#", SAMPLE),
    (_LEGACY, MEASURE),
)
_NAMED = ("at", "fn", "elapsed", "source")
_NUMBER = re.compile(r"[0-9]*(?:\.[0-9]*)?")
_NO_NAMES = {"start", "finish", "info", "warn", "warning", "error", "debug", "fatal", ""}


@dataclass(slots=True)
class Reading:
    """One value that an app gave. kind: measure, count or sample. source: "" for none."""

    kind: str
    name: str
    value: float
    unit: str = ""
    source: str = ""

    @property
    def key(self) -> str:
        """Its series: `db.query`, or `db.query{web.1}` with a source."""
        return f"{self.name}{{{self.source}}}" if self.source else self.name


def may_measure(data: bytes) -> bool:
    """Whether lines may have something for `read`: a quick look at many at once."""
    return b"#" in data or b" elapsed=" in data or b"measure." in data


def read(line: str) -> list[Reading]:
    """All that one line measures, in its order."""
    found = []
    named: dict[str, str] = {}
    for key, value in logfmt.parse(line) if '"' in line else _words(line):
        if key in _NAMED:
            named.setdefault(key, value)
        elif "#" in key or key.startswith(_LEGACY):
            reading = _tagged(key, value)
            if reading is not None:
                found.append(reading)
    if "elapsed" in named and "at" in named:
        timed = _timed(named)
        if timed is not None:
            found.append(timed)
    source = named.get("source", "")
    if source and found:
        if len(source) > NAME_MAX:
            return []
        for each in found:
            each.source = source
    return found


def number(text: str) -> float | None:
    """The number that a value begins with, None if it begins with none; 1 for an empty value."""
    if not text:
        return 1.0
    match = _NUMBER.match(text)
    digits = match.group() if match is not None else ""
    if not digits or digits == "." or len(digits) > _DIGITS_MAX:
        return None
    return float(digits)


def _words(line: str) -> Iterator[tuple[str, str]]:
    """What logfmt.parse finds in a line without quotes; most are, and it is much faster."""
    for word in line.split():
        key, _, value = word.partition("=")
        yield key, value


def _tagged(key: str, value: str) -> Reading | None:
    for prefix, kind in _PREFIXES:
        if key.startswith(prefix):
            return _reading(kind, key[len(prefix) :], value)
    return None


def _timed(named: dict[str, str]) -> Reading | None:
    name = named.get("fn") or named["at"]
    if name in _NO_NAMES or not named["elapsed"]:
        return None
    reading = _reading(MEASURE, name, named["elapsed"])
    if reading is None or reading.unit:
        return reading
    return Reading(MEASURE, name, reading.value, "s")


def _reading(kind: str, name: str, value: str) -> Reading | None:
    amount = number(value)
    unit = value.strip("0123456789.")
    if amount is None or not name or len(name) > NAME_MAX or len(unit) > NAME_MAX:
        return None
    return Reading(kind, name, amount, unit)
