"""Why a dyno does not boot, from the log: what its process said last. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from localku.lessons.watched import Line

EXITED = "Process exited with status "
CHANGED = "State changed from "
STOPPED = ("137", "143")  # SIGKILL and SIGTERM: somebody ended it
FRAME = re.compile(r'File "([^"]+)", line (\d+)')
MOST = 120  # letters that are shown


@dataclass(slots=True)
class Boot:
    """What is known of a dyno. failed: its last boot that came to an end was a crash."""

    failed: bool = False
    status: str = ""
    saying: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # by the run that failed

    def take(self, line: Line) -> None:
        """The next line of the dyno."""
        text = line.text.rstrip()
        if line.source == "app":
            self.saying.append(text)
        elif text.startswith("Starting process with command"):
            self.saying = []
        elif text.startswith(EXITED):
            self.status = text.removeprefix(EXITED)
        elif text.startswith(CHANGED) and not text.endswith("to starting"):
            crashed = text == f"{CHANGED}starting to crashed" and self.status not in STOPPED
            self.failed, self.said = crashed, self.saying


def why_not(lines: Iterable[Line], folder: str) -> tuple[str, str]:
    """(who does not boot, its last words, and which line of which file): `("web.1 does not boot",
    "SyntaxError: invalid syntax (web.py, line 44)")`, or two empty ones. lines: of the log, oldest
    first. folder: of the app."""
    boots: dict[str, Boot] = {}
    for line in lines:
        boots.setdefault(line.dyno, Boot()).take(line)
    for dyno in sorted(boots):
        boot = boots[dyno]
        if boot.failed and not dyno.startswith("run."):
            said = _last(boot.said) or f"{EXITED}{boot.status}"
            place = _place(boot.said, folder)
            return f"{dyno} does not boot", f"{said[:MOST]} ({place})" if place else said[:MOST]
    return "", ""


def _last(said: list[str]) -> str:
    """The last line that is no part of a traceback's frames."""
    words = [text for text in said if text and not text.startswith((" ", "Traceback"))]
    return words[-1] if words else ""


def _place(said: list[str], folder: str) -> str:
    """The innermost frame that is in a file of the app: `web.py, line 44`, or ""."""
    for text in reversed(said):
        if found := FRAME.search(text):
            inside = os.path.relpath(os.path.realpath(found[1]), os.path.realpath(folder))
            if not inside.startswith(os.pardir):
                return f"{inside}, line {found[2]}"
    return ""
