"""How a scenario is written on a command line: times, laws, counts. Pure. Raises ValueError with a
sentence for people."""

from __future__ import annotations

import re
from math import isfinite

from localku.simulate.laws import Bimodal, Constant, Exponential, Law, LogNormal, Weibull

_TIME = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|m|h|)")
_UNITS = {"ms": 1.0, "s": 1000.0, "": 1000.0, "m": 60_000.0, "h": 3_600_000.0}
_LAW = re.compile(r"(\w+)\((.*)\)")
LAWS = "const(10ms), exp(30ms), weibull(.8,79ms), lognormal(p50=46ms,p99=3s), bimodal(20ms,1s,5%)"


def milliseconds(text: str) -> float:
    """`30ms`, `1.5s`, `2m`; a plain number is seconds, as everywhere in localku."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text.strip() or 'nothing'} is not a time (30ms, 1.5s, 2m)")
    return float(match[1]) * _UNITS[match[2]]


def number(text: str) -> float:
    """A number above 0; `5%` is 0.05."""
    word = text.strip()
    try:
        value = float(word.removesuffix("%")) / (100 if word.endswith("%") else 1)
    except ValueError:
        raise ValueError(f"{word or 'nothing'} is not a number") from None
    if not isfinite(value) or value <= 0:
        raise ValueError(f"{word} is not above 0")
    return value


def counts(text: str) -> list[int]:
    """`1,2,4..8`: whole numbers above 0, in the order in which they are named."""
    found: list[int] = []
    for part in text.split(","):
        low, dots, high = part.strip().partition("..")
        if not low.isdecimal() or (dots and not high.isdecimal()):
            raise ValueError(f"{part.strip() or 'nothing'} is not a count (4, or 1,2,4, or 1..8)")
        found += range(int(low), int(high if dots else low) + 1)
    if not found or min(found) < 1 or max(found) > 100_000:
        raise ValueError("counts go from 1 to 100,000")
    return list(dict.fromkeys(found))


def counting(text: str) -> int:
    """A whole number above 0; `1e6` and `1_000_000` will do."""
    value = number(text.replace("_", ""))
    if value != int(value):
        raise ValueError(f"{text.strip()} is not a whole number")
    return int(value)


def law(text: str) -> Law:
    """A law of service times, see LAWS; a plain time is a constant."""
    match = _LAW.fullmatch(text.strip())
    if match is None:
        return Constant(_positive(text))
    name, words = match[1], [word.strip() for word in match[2].split(",")]
    values = dict(word.split("=", 1) for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    if name == "const" and len(plain) == 1:
        return Constant(_positive(plain[0]))
    if name == "exp" and len(plain) == 1:
        return Exponential(_positive(plain[0]))
    if name == "weibull" and len(plain) == 2:
        return Weibull(number(plain[0]), _positive(plain[1]))
    if name == "lognormal" and set(values) == {"p50", "p99"}:
        return _lognormal(_positive(values["p50"]), _positive(values["p99"]))
    if name == "bimodal" and len(plain) == 3:
        share = number(plain[2])
        if share >= 1:
            raise ValueError("the share of slow requests is below 100 %")
        return Bimodal(_positive(plain[0]), _positive(plain[1]), share)
    raise ValueError(f"{text.strip()} is not a law of service times ({LAWS})")


def _positive(text: str) -> float:
    value = milliseconds(text)
    if value <= 0:
        raise ValueError(f"{text.strip()}: a service time is above 0")
    return value


def _lognormal(p50: float, p99: float) -> LogNormal:
    if p99 <= p50:
        raise ValueError("p99 is above p50")
    return LogNormal(p50, p99)
