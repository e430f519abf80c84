"""Small words that all probes use: evidence from files, a bounded list of it. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

from localku.check.finding import Evidence, Finding, Verdict

MOST = 8  # pieces of evidence in one finding: more are counted, not shown
_LONGEST = 120  # characters of one piece


def seen(where: str, text: str) -> Evidence:
    """Evidence of kind "file": where is `app.py:12`. A long text is cut."""
    text = " ".join(text.split())
    return Evidence("file", where, text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def bounded(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The first pieces of evidence, each place once, and how many more there are."""
    once = list(dict.fromkeys(found))
    if len(once) <= MOST:
        return tuple(once)
    return (*once[:MOST], Evidence(once[0].kind, "", f"and {len(once) - MOST} more"))


def listed(words: Sequence[str], most: int = 5) -> str:
    """`a, b and c`; `a, b, c, d, e and 4 more`."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def counted(number: int, thing: str, things: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


@lru_cache(maxsize=256)
def _lines(text: str) -> tuple[list[str], list[int]]:
    """The lines of a text, and where each ends. \\n alone ends one, as Python's parser has it."""
    lines = text.split("\n")
    return lines, list(accumulate(len(line) + 1 for line in lines))


def line_of(text: str, position: int) -> int:
    """The number of the line that holds a position."""
    return bisect_right(_lines(text)[1], position) + 1


def line_at(text: str, number: int) -> str:
    """The line of a number, "" where there is none."""
    lines = _lines(text)[0]
    return lines[number - 1] if 0 < number <= len(lines) else ""


class Probing:
    """Makes the findings of one probe: its name and factor are said once."""

    def __init__(self, factor: int, name: str) -> None:
        self.factor = factor
        self.name = name

    def passed(self, said: str) -> Finding:
        return Finding(self.factor, self.name, Verdict.PASS, said)

    def absent(self, said: str) -> Finding:
        """Nothing was found where reading can find only what is known: no proof of anything."""
        return self.unseen(f"{said}; the rest is seen when it runs")

    def unseen(self, said: str) -> Finding:
        return Finding(self.factor, self.name, Verdict.NOT_OBSERVED, said)

    def warn(self, said: str, found: Iterable[Evidence], why: str, fix: str) -> Finding:
        return self._bad(Verdict.WARN, said, found, why, fix)

    def fail(self, said: str, found: Iterable[Evidence], why: str, fix: str) -> Finding:
        return self._bad(Verdict.FAIL, said, found, why, fix)

    def _bad(
        self, verdict: Verdict, said: str, found: Iterable[Evidence], why: str, fix: str
    ) -> Finding:
        return Finding(self.factor, self.name, verdict, said, bounded(found), why, fix)
