"""What a dyno's present run said last, for a terminal that joins it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from localku.logs.entry import Entry

RECENT = 4096  # bytes: about a screen
STARTED = b"Starting process with command"


def recent(history: Iterable[Entry], dyno: str, limit: int = RECENT) -> bytes:
    """The last lines of `dyno` in the log, at most `limit` bytes, as its terminal showed them.

    An unfinished line (a prompt) is kept as one. Lines of an earlier run are left out.
    """
    parts: list[bytes] = []
    for entry in history:
        if entry.dyno != dyno:
            continue
        if entry.source == "app":
            parts.append(entry.data)
        elif entry.data.startswith(STARTED):
            parts.clear()
    text = b"".join(parts)
    if len(text) > limit:
        text = text[-limit:]
        text = text[text.find(b"\n") + 1 :]
    # the log has lost the terminal's carriage returns
    return text.replace(b"\n", b"\r\n")
