"""What all judges share: how a finding is made, and where a path of a run lies. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from localku.check.finding import Evidence, Finding, Verdict
from localku.check.record import Line, Run, Sight

_TELLING = re.compile(r"error|traceback|ENOENT|cannot|no such file|denied|not found|refused", re.I)
MOST = 6  # pieces of evidence for one finding; the rest is counted
PASS, UNSEEN, WARN, FAIL = Verdict.PASS, Verdict.NOT_OBSERVED, Verdict.WARN, Verdict.FAIL


def unseen(factor: int, probe: str, reason: str) -> list[Finding]:
    """The finding of a probe that saw nothing, and why."""
    return [Finding(factor, probe, UNSEEN, reason)]


def some(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The first few, each once; how many more there are is said in the last."""
    found = list(dict.fromkeys(evidence))
    if len(found) <= MOST:
        return tuple(found)
    return (*found[: MOST - 1], Evidence("note", "", f"and {len(found) - MOST + 1} more"))


def inside(run: Run, path: str) -> str:
    """The path relative to the app's folder, or "" for one outside."""
    return path[len(run.slug) + 1 :] if path.startswith(run.slug + "/") else ""


def shown(run: Run, path: str) -> str:
    """A path as a person reads it: relative inside the app, `~/…` in the trial's home."""
    folder = run.slug.rpartition("/")[0]
    for place, name in (
        (run.slug + "/", ""),
        (f"{folder}/home/", "~/"),
        (f"{folder}/tmp/", "/tmp/"),
    ):
        if path.startswith(place):
            return name + path[len(place) :]
    return path


def at(sight: Sight) -> str:
    """Where a sight was, or in which dyno."""
    return sight.where or sight.dyno


def of_line(line: Line) -> Evidence:
    """A log line as evidence."""
    who = f"{line.source}[{line.dyno}]"
    return Evidence("log", who, line.message)


def last_words(run: Run, dyno: str, most: int = 3) -> list[Evidence]:
    """What a dyno said last, and what the platform said of it."""
    end = run.ended_at or float("inf")  # what comes later is said of our own end of it
    found = [x for x in run.lines if x.dyno == dyno and x.message.strip() and x.time <= end]
    said = [line for line in found if line.source == "app"]
    telling = [line for line in said if _TELLING.search(line.message)][-most:]
    said = [*telling, *(line for line in said[-most:] if line not in telling)]
    codes = [line for line in found if line.source == "heroku" and "Error R" in line.message]
    of_it = codes[-1:] or [line for line in found if "exited with status" in line.message][-1:]
    return [of_line(line) for line in (*of_it, *said)]


def plural(count: int, what: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def names(found: Sequence[str], most: int = 4) -> str:
    """`a, b and 3 more`."""
    if len(found) <= most:
        return ", ".join(found)
    return f"{', '.join(found[: most - 1])} and {len(found) - most + 1} more"
