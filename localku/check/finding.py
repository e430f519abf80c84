"""What a probe says: a verdict with the evidence for it. Pure.

A probe never guesses: what it could not see is "not observed", with the reason.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class Verdict(str, Enum):
    """From good to bad; "not observed" says nothing about the app."""

    PASS = "pass"  # noqa: S105
    NOT_OBSERVED = "not observed"
    WARN = "warn"
    FAIL = "fail"


FACTORS = {
    1: "Codebase",
    2: "Dependencies",
    3: "Config",
    4: "Backing services",
    5: "Build, release, run",
    6: "Processes",
    7: "Port binding",
    8: "Concurrency",
    9: "Disposability",
    10: "Dev/prod parity",
    11: "Logs",
    12: "Admin processes",
}
_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
ROMAN = dict(enumerate(_NUMERALS, 1))


@dataclass(frozen=True)
class Evidence:
    """One thing that was seen. where: `app.py:12`, `web.1`, a request; text: what was seen there,
    free of secrets. kind: "file", "log", "syscall", "request", "process", "git"."""

    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class Finding:
    """What one probe found. factor: 1 to 12. said: one line, what is so. why: why it matters on
    Heroku. fix: what to do. Both may be empty for a pass. evidence: what it rests on, never empty
    for a warn or a fail."""

    factor: int
    probe: str
    verdict: Verdict
    said: str
    evidence: tuple[Evidence, ...] = field(default=())
    why: str = ""
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """As JSON: the same names, the verdict as text."""
        return {**asdict(self), "verdict": self.verdict.value}
