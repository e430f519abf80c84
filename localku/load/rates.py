"""Rates over time, and the moments at which requests are due. Pure.

`200` is 200 requests a second; `50..500` rises over the whole run, `50..500/60s` in a minute; parts
follow one another with commas: `50..500/60s,500/30s`. Arrivals are constant (evenly spaced) or
Poisson (independent, as those of many users are): their times are found from the integral of the
rate, so that a ramp has neither steps nor rejected draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, log1p, sqrt

from localku.errors import UserError
from localku.manifest.setting import duration as read_duration

MOST = 1e6  # requests a second
HINT = "write 200, 50..500 or 50..500/60s,500/30s"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of time with a rate that goes in a line from first to last. length: seconds."""

    first: float
    last: float
    length: float = inf

    @property
    def count(self) -> float:
        """How many requests it has."""
        return (self.first + self.last) / 2 * self.length

    def rate_at(self, t: float) -> float:
        """The rate t seconds after its begin."""
        if self.first == self.last:
            return self.first
        return self.first + (self.last - self.first) * t / self.length

    def moment_of(self, number: float) -> float:
        """After how many seconds so many requests (0 to count) were due."""
        slope = (self.last - self.first) / self.length
        if not slope:
            return number / self.first
        # the root of first * t + slope / 2 * t² = number that does not cancel near slope 0
        under = max(self.first * self.first + 2 * slope * number, 0.0)
        return 2 * number / (self.first + sqrt(under)) if number else 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """A rate over time, as parts one after another."""

    parts: tuple[Part, ...]

    @classmethod
    def flat(cls, rate: float) -> Profile:
        """One rate for ever."""
        return cls((Part(rate, rate),))

    @property
    def length(self) -> float:
        """Seconds; inf for one that says none."""
        return sum(part.length for part in self.parts)

    @property
    def first(self) -> float:
        """The rate at the begin; that of a warm-up."""
        return self.parts[0].first or self.parts[0].last

    @property
    def most(self) -> float:
        """The highest rate."""
        return max(max(part.first, part.last) for part in self.parts)

    def over(self, length: float) -> Profile:
        """The same for so many seconds: cut off, a part without a length of its own stretched to
        fill the rest, and the last rate held if it is too short."""
        left, parts = length, []
        for part in self.parts:
            if left <= 0:
                break
            own = min(part.length, left)
            last = part.last if own == part.length or part.length == inf else part.rate_at(own)
            parts.append(Part(part.first, last, own))
            left -= own
        if left > 0:
            parts.append(Part(parts[-1].last, parts[-1].last, left))
        return Profile(tuple(parts))

    @property
    def mean(self) -> float:
        """Requests a second over all of it."""
        if self.length == inf:
            return self.parts[-1].last
        return sum(part.count for part in self.parts) / self.length

    def rate_at(self, t: float) -> float:
        """The rate t seconds after the begin; that of the last part beyond the end."""
        for part in self.parts:
            if t < part.length:
                return part.rate_at(t)
            t -= part.length
        return self.parts[-1].last

    def arrivals(self, draw: Callable[[], float] | None = None) -> Iterator[float]:
        """The seconds at which requests are due, rising, to its end.

        draw: uniform in [0, 1), for Poisson arrivals; None for even ones, the first at 0.
        """
        begin, number = 0.0, 0.0
        if draw is not None:
            number -= log1p(-draw())
        for part in self.parts:
            count, length, rate = part.count, part.length, part.first
            flat = part.first == part.last
            while number < count:
                yield begin + (number / rate if flat else part.moment_of(number))
                number += 1.0 if draw is None else -log1p(-draw())
            number -= count
            begin += length


def parse(text: str) -> Profile:
    """A rate from its text. Raises UserError."""
    words = text.split(",")
    parts = [_part(word.strip(), text) for word in words]
    if any(part.length == inf for part in parts[:-1]):
        raise _wrong(text, "says not how long its parts are")
    if not any(part.first or part.last for part in parts):
        raise _wrong(text, "is no rate above 0")
    return Profile(tuple(parts))


def _part(word: str, text: str) -> Part:
    span, slash, length = word.partition("/")
    first, dots, last = span.partition("..")
    seconds = inf
    if slash:
        try:
            seconds = read_duration(length.strip())
        except UserError:
            raise _wrong(text, "has no duration after its /") from None
        if seconds <= 0:
            raise _wrong(text, "has a part that takes no time")
    begin = _number(first, text)
    end = _number(last, text) if dots else begin
    return Part(begin, end, seconds)


def _number(word: str, text: str) -> float:
    plain = word.strip()
    if not plain or not all(each in "0123456789._" for each in plain) or plain.count(".") > 1:
        raise _wrong(text, "is no rate")
    try:
        number = float(plain)
    except ValueError:
        raise _wrong(text, "is no rate") from None
    if number > MOST:
        raise _wrong(text, "is more than a million requests a second")
    return number


def _wrong(text: str, what: str) -> UserError:
    return UserError(f"{text!r} {what}", hint=HINT)
