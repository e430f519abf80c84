"""Heroku's ranges: a list in pieces, sorted by an attribute. Pure.

Dev Center, "Platform API Reference", Ranges: `Range: version ]7..; max=10, order=desc`. A piece
that is not all is answered with 206 and a Next-Range to ask for. Clients write it in several ways
(`id ..; max=1000;`, `version ..; order=asc;`, an empty one), and an attribute that there is not is
ignored, as nobody should fail for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DEFAULT_MAX = 200  # objects of a piece, unless the client says
LIMIT = 1000
_RANGE = re.compile(r"\s*([a-z_]+)\s+(\[|\])?([^.;\s]*)\.\.([^;\]\s]*)\]?\s*;?(.*)", re.S)


@dataclass(frozen=True, slots=True)
class Range:
    """by: an attribute, "" for the order as it is. after: its value that the piece begins behind
    (exclusive) or at, "" for the beginning. until: the last value, or ""."""

    by: str = ""
    after: str = ""
    exclusive: bool = False
    until: str = ""
    maximum: int = DEFAULT_MAX
    descending: bool = False


def parse(text: str) -> Range:
    """Read a Range header; what cannot be read asks for nothing special."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return Range()
    by, bracket, after, until, options = match.groups()
    words = dict(part.strip().partition("=")[::2] for part in re.split("[;,]", options))
    maximum = words.get("max", "").strip()
    wanted = int(maximum) if maximum.isdecimal() and len(maximum) < 7 else DEFAULT_MAX
    descending = words.get("order", "").strip() == "desc"
    return Range(by, after, bracket == "]", until, max(1, min(wanted, LIMIT)), descending)


def apply(
    objects: Sequence[Mapping[str, object]], asked: Range
) -> tuple[list[Mapping[str, object]], str]:
    """The piece that was asked for, and the Next-Range behind it ("" when that was all)."""
    found = list(objects)
    by = asked.by if found and asked.by in found[0] else ""
    if by:
        found.sort(key=lambda each: _key(each[by]), reverse=asked.descending)
        found = [each for each in found if _is_within(each[by], asked)]
    piece = found[: asked.maximum]
    if len(found) == len(piece):
        return piece, ""
    if not by:
        by = "id"
    order = "; order=desc" if asked.descending else ""
    last = piece[-1].get(by, "")
    return piece, f"{by} ]{last}..{asked.until}; max={asked.maximum}{order.replace(';', ',')}"


def _key(value: object) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value))


def _is_within(value: object, asked: Range) -> bool:
    key = _key(value)
    sign = -1 if asked.descending else 1
    if asked.after:
        order = sign * _compare(key, _key_of(asked.after, value))
        if order < 0 or (order == 0 and asked.exclusive):
            return False
    return not asked.until or sign * _compare(key, _key_of(asked.until, value)) <= 0


def _key_of(text: str, like: object) -> tuple[int, str]:
    if isinstance(like, int):
        return (int(text), "") if text.isdecimal() and len(text) < 19 else (0, "")
    return 0, text


def _compare(one: tuple[int, str], other: tuple[int, str]) -> int:
    return (one > other) - (one < other)
