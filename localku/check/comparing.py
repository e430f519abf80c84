"""Whether two dynos answered as one would. Pure.

What differs between two fresh runs of ONE dyno is noise and is not compared: dates, ids, ports.
What is the same in both of them, and different with two dynos, depends on which dyno was asked.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localku.check.record import Answer, Ask

_NOISE = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b",  # UUID
        r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?",
        r"\b(?:mon|tue|wed|thu|fri|sat|sun)\w*,? \d{1,2}[ -]\w{3,9}[ -]\d{2,4}[^<>\"]{0,16}",
        r"\b\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?\b",
        r"(?:_ms|_seconds|elapsed|took|duration)[\"']?\s*[:=]\s*[\"']?\d+(?:\.\d+)?",
        r"\b\d+\.\d{4,}\b",  # measured: nobody counts in such steps
        r"\b\d+(?:\.\d+)?\s?(?:ns|µs|us|ms|s|secs?|seconds?|min|minutes?)\b",
        r"\b1[67]\d{8}(?:\d{3})?(?:\.\d+)?\b",  # seconds, or milliseconds, since 1970
        r"\b[0-9a-f]{12,}\b",
        r"(?<![\w/+-])(?=[\w+/-]*\d)(?=[\w+/-]*[a-zA-Z])[\w+/-]{20,}={0,2}",  # a token
        r"(?:csrf|nonce|token|request.?id)[\w-]*[\"'=: ]+[^\"'<> ]{6,}",
    )
)
_PLACE = re.compile(r"(?:/[^\s:'\"<>]*)?/localku-doctor-\w+/[\w-]+/(?:app|home|tmp)")
_WORDS = re.compile(r"\w+|[^\w\s]")
_FEWEST = 0.5  # of the words of an answer must stay the same in two runs of one dyno


@dataclass(frozen=True)
class CookieTry:
    """A cookie that one dyno set for a client without any (jar), and what the client was answered
    when it came back with it: by the same dyno (here), by another (there)."""

    ask: Ask
    jar: dict[str, str]
    here: Answer
    there: Answer

    @property
    def is_of_place(self) -> bool:
        """Whether a cookie holds the path of the dyno's folder: on Heroku that is /app in all."""
        return any(_PLACE.search(piece) for value in self.jar.values() for piece in _opened(value))

    @property
    def forgotten(self) -> list[str]:
        """Names of cookies that the other dyno sets anew, and the same one does not."""
        return [
            name
            for name, value in self.jar.items()
            if self.there.cookies.get(name, value) != value and name not in self.here.cookies
        ]


@dataclass(frozen=True)
class Difference:
    """Request number `at` of the script's rounds. one, two: what differs, in a few words."""

    at: int
    ask: Ask
    one: str
    two: str


def _opened(value: str) -> list[str]:
    """A cookie's value, and what its parts hold (base64, perhaps compressed, as Flask has it)."""
    found = [value]
    for part in re.split(r"[.:|]|--|%3A", value.strip('"')):
        with contextlib.suppress(ValueError):
            data = base64.b64decode(part + "=" * (-len(part) % 4), "-_", validate=False)
            with contextlib.suppress(zlib.error):
                data = zlib.decompress(data)
            found.append(data.decode("utf-8", "replace"))
    return found


def words(body: str) -> list[str]:
    """An answer's words, with what is noise all the same."""
    return _WORDS.findall(calm(body))


def calm(body: str) -> str:
    """A text with dates, ids, times and places of the copies all the same; JSON without the order
    of its keys."""
    body = _PLACE.sub("/app", body)
    if body.lstrip()[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            body = json.dumps(json.loads(body), sort_keys=True)
    for pattern in _NOISE:
        body = pattern.sub("~", body)
    return body


def differences(
    first: Sequence[Answer],
    second: Sequence[Answer],
    both: Sequence[Answer],
    clean: Callable[[str], str] = str,
) -> list[Difference]:
    """Where both (of two dynos) is not what first and second (of one dyno each) agree upon.

    Answers that one dyno does not give twice, or that have no end, are left out. clean: takes the
    secrets out of a text, before a piece of it is cut out to be shown.
    """
    found = []
    for at, (one, other, two) in enumerate(zip(first, second, both, strict=False)):
        if not _is_steady(one, other, two):
            continue
        if two.status != one.status:
            error = two.error or str(two.status)
            found.append(Difference(at, one.ask, str(one.status), error))
            continue
        change = _differs(words(one.body), words(other.body), words(two.body))
        if change is not None:
            found.append(Difference(at, one.ask, *_shown(one, other, two, clean)))
    return found


def compared(first: Sequence[Answer], second: Sequence[Answer], both: Sequence[Answer]) -> int:
    """How many answers `differences` did not leave out: of those it says something."""
    return sum(
        two.status != one.status
        or _same(words(one.body), words(other.body), words(two.body)) is not None
        for one, other, two in zip(first, second, both, strict=False)
        if _is_steady(one, other, two)
    )


def _is_steady(one: Answer, other: Answer, two: Answer) -> bool:
    """Whether one dyno answers twice with the same status, and all answers are whole."""
    if one.cut or other.cut or two.cut or not one.status or one.status != other.status:
        return False
    return one.status < 500 or two.status != one.status


def _shown(one: Answer, other: Answer, two: Answer, clean: Callable[[str], str]) -> tuple[str, str]:
    """The pieces that differ, free of secrets."""
    bodies = [calm(clean(each.body)) for each in (one, other, two)]
    found = _differs(*(_WORDS.findall(body) for body in bodies))
    if found is None:
        return "(hidden)", "(hidden)"
    return _near(bodies[0], found), _near(bodies[2], found)


def _same(one: list[str], other: list[str], two: list[str]) -> list[int] | None:
    """The numbers of the words that one dyno says twice; None when that is too little to compare
    two with."""
    if len(one) != len(other):
        return None
    steady = [at for at, word in enumerate(one) if other[at] == word]
    if len(steady) < (_FEWEST if len(two) == len(one) else 1) * len(one):
        return None
    return steady


def _differs(one: list[str], other: list[str], two: list[str]) -> int | None:
    """The number of the word that is the same in one and other, and not in two."""
    steady = _same(one, other, two)
    if steady is None:
        return None
    if len(two) != len(one):
        pairs = enumerate(zip(one, two, strict=False))
        return next((at for at, (a, b) in pairs if a != b), min(len(one), len(two)))
    return next((at for at in steady if two[at] != one[at]), None)


def _near(body: str, at: int) -> str:
    """The text around a word."""
    found = list(_WORDS.finditer(body))[max(0, at - 3) : at + 4]
    return body[found[0].start() : found[-1].end()][:80] if found else "(nothing)"
