"""XI: is what the app says on its output at once, and is there no secret in it? Pure."""

from __future__ import annotations

import re
from collections import Counter

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, of_line, plural, some, unseen
from localku.check.record import Line, Run
from localku.logs.secrets import is_secret

DYNO = "web.1"
_CHANGING = re.compile(r"[\w.+/-]*\d[\w.+/-]*|\b[0-9a-f]{8,}\b", re.I)


def buffered(first: Run, again: Run) -> list[Finding]:
    """Whether lines came late. first: a run as it is; again: the same, its output unbuffered by
    PYTHONUNBUFFERED, asked the same."""
    if first.failed or not first.traffic_at:
        return unseen(11, "buffering", first.failed or "there were no requests")
    said = first.said(DYNO)
    in_time = [line for line in said if line.time < first.ended_at]
    late = [line for line in said if line.time >= first.ended_at]
    missing = [] if again.failed else _missing(in_time, _until_end(again))
    if len(late) >= 3 and not in_time:
        return [_late("all of it was said at its end only", late)]
    if "python" in first.languages and missing:
        return [_late("lines came with PYTHONUNBUFFERED=1 that were not seen without it", missing)]
    if not said and (again.failed or not again.said(DYNO)):
        return unseen(11, "buffering", f"{DYNO} said nothing at all")
    if not in_time:
        return unseen(11, "buffering", f"{DYNO} said nothing until it was stopped")
    came = f"{plural(len(in_time), 'line')} came while it ran"
    said_in_time = f"{came}, {len(late)} when it was stopped" if late else came
    return [Finding(11, "buffering", PASS, said_in_time, some([of_line(x) for x in in_time[-1:]]))]


def _until_end(run: Run) -> list[Line]:
    return [line for line in run.said(DYNO) if line.time < run.ended_at]


def _missing(some_lines: list[Line], all_lines: list[Line]) -> list[Line]:
    """Lines of the second whose like is nowhere in the first."""
    known = Counter(_shape(line) for line in some_lines)
    return [line for line in all_lines if line.message.strip() and _shape(line) not in known]


def _shape(line: Line) -> str:
    return _CHANGING.sub("#", line.message)[:60]


def _late(said: str, lines: list[Line]) -> Finding:
    return Finding(
        11,
        "buffering",
        WARN,
        f"its output is buffered: {said}",
        some(of_line(line) for line in lines[:4]),
        "lines come late, in heaps, and those of a dyno that is killed never; Heroku's Python"
        " buildpack sets PYTHONUNBUFFERED, other places do not",
        "print(…, flush=True), logging to a stream, or PYTHONUNBUFFERED=1; in other languages turn"
        " the buffer of stdout off ($stdout.sync = true)",
    )


def secrets(run: Run) -> list[Finding]:
    """Whether a config var that looks like a secret is in the log."""
    lines = [line for line in run.lines if line.source == "app" and line.dyno != "api"]
    if not lines:
        return unseen(11, "secrets-in-log", run.failed or "the app said nothing")
    config = {n: value for n, value in run.config.items() if not n.startswith("LOCALKU_")}
    hidden = {name: value for name, value in config.items() if is_secret(name, value)}
    found = [
        (line, name) for line in lines for name, value in hidden.items() if value in line.message
    ]
    if not found:
        if not hidden:
            return unseen(11, "secrets-in-log", "no config var looks like a secret")
        return [Finding(11, "secrets-in-log", PASS, f"none of {len(lines)} lines has a secret")]
    return [
        Finding(
            11,
            "secrets-in-log",
            FAIL,
            f"it says secrets: {', '.join(sorted({name for _, name in found}))}",
            some(
                Evidence("log", f"app[{line.dyno}]", f"a line with [{name}]")
                for line, name in found
            ),
            "logs go to drains, to colleagues and into tickets: a secret in them is public",
            "log names, never values; then change the secret",
        )
    ]
