"""The files of a trial: the config vars that it is given, the lines and sights that it leaves."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime

from localku.check.record import Line, Sight
from localku.cli.quoting import quote
from localku.dynos.tree import marker
from localku.platform.home import FOLDER, read_status, socket_path


def port_of(pid: int) -> int:
    """The PORT that a process was given, or 0."""
    value = marker(pid, b"PORT")
    return int(value) if value.isdigit() else 0


def socket_of(slug: str) -> str:
    """Where the platform that hosts this copy is asked: as it says itself."""
    folder = os.path.join(slug, FOLDER)
    return read_status(folder).get("socket") or socket_path(folder)


def leave_socket(path: str, slug: str) -> None:
    """Take away the folder of a socket whose path would have been too long below the copy."""
    if not path.startswith(slug + os.sep):
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(path))


def touch(path: str) -> None:
    """Make an empty file."""
    with open(path, "w", encoding="utf-8"):
        pass


def write_lines(path: str, lines: Iterable[str]) -> None:
    """Write a text file."""
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{line}\n" for line in lines)


def write_config(path: str, config: Mapping[str, str]) -> None:
    """Write config vars as a .env file that only we can read."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={quote(value)}\n" for name, value in config.items())


def read_line(raw: bytes) -> Line | None:
    """A line of `localku start --format json`."""
    try:
        found = json.loads(raw)
        moment = datetime.fromisoformat(found["time"]).timestamp()
        fields = found.get("router") or {}
        return Line(moment, found["source"], found["dyno"], found["message"], fields)
    except (ValueError, KeyError, TypeError):
        return None


def read_sights(path: str) -> list[Sight]:
    """What the hooks wrote; lines that were cut off are left out."""
    found = []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    each = json.loads(line)
                    event, where = str(each.pop("event")), str(each.pop("where"))
                    pid, dyno = int(each.pop("pid")), str(each.pop("dyno"))
                except (ValueError, KeyError, TypeError, AttributeError):
                    continue
                found.append(Sight(event, where, pid, dyno, each))
    except OSError:
        pass
    return found
