"""Logs are a stream of events on stdout: one event, one line, no files (factor XI).

There is no timestamp: the platform stamps each line as it arrives. Lines are logfmt, with numbers
in the l2met convention (`measure#db.query=3.1ms`, `count#…`), so that a drain can turn them into
charts and `awk` can turn them into answers.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback

_logger = logging.getLogger("guestbook")
_source = "local.1"


def set_up(level: str, source: str) -> None:
    """Sends events of `level` and above to stdout, marked `source=` (the dyno)."""
    global _source
    _source = source
    if hasattr(sys.stdout, "reconfigure"):
        # Any text can be logged under any locale, and a line leaves as soon as it is written:
        # a pipe would otherwise hold back 8 KiB, which a SIGKILL would lose.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=level.upper(), force=True)


def debug(event: str, **fields: object) -> None:
    """Logs an event that matters while somebody looks for a fault."""
    _emit(logging.DEBUG, "debug", event, fields)


def info(event: str, **fields: object) -> None:
    """Logs an event of normal work."""
    _emit(logging.INFO, "info", event, fields)


def warning(event: str, **fields: object) -> None:
    """Logs an event that somebody may want to look at."""
    _emit(logging.WARNING, "warning", event, fields)


def error(event: str, problem: BaseException | None = None, **fields: object) -> None:
    """Logs a failure; the traceback of `problem` stays on the line, its newlines as `\\n`."""
    if problem is not None:
        frames = traceback.extract_tb(problem.__traceback__)
        where = " < ".join(f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in reversed(frames))
        fields = {**fields, "error": type(problem).__name__, "detail": str(problem), "trace": where}
    _emit(logging.ERROR, "error", event, fields)


def milliseconds(seconds: float) -> str:
    """`seconds` as the value of a `measure#`: 0.0031 becomes `3.1ms`."""
    return f"{seconds * 1000:.1f}ms"


def logfmt(fields: dict[str, object]) -> str:
    """`fields` as `key=value` pairs; a value that would be ambiguous is quoted and escaped."""
    return " ".join(f"{key}={_value(value)}" for key, value in fields.items())


def _value(value: object) -> str:
    text = str(value)
    if text and text.isprintable() and not any(mark in text for mark in ' "=\\'):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _emit(level: int, at: str, event: str, fields: dict[str, object]) -> None:
    if _logger.isEnabledFor(level):
        _logger.log(level, logfmt({"at": at, "event": event, "source": _source, **fields}))
