"""Logs are a stream of events on stdout (factor XI): one line each, numbers in l2met's words."""

from __future__ import annotations

import json
import logging
import sys

from config import DYNO


def event(name: str, **fields: object) -> None:
    """Write `event=NAME source=DYNO key=value…`. A word that has blanks is quoted."""
    print(_line(name, fields), flush=True)


def ms(seconds: float) -> str:
    """0.0123 as 12.3ms, for `measure#`."""
    return f"{seconds * 1000:.1f}ms"


class _OneLine(logging.Formatter):
    """What the libraries log, in our words; a traceback would be thirty lines, all on their own."""

    def format(self, record: logging.LogRecord) -> str:
        words: dict[str, object] = {"by": record.name, "says": record.getMessage()}
        if record.exc_info and record.exc_info[1]:
            words["error"] = repr(record.exc_info[1].__cause__ or record.exc_info[1])
        return _line(record.levelname.lower(), words)


def _line(name: str, fields: dict[str, object]) -> str:
    words = {"event": name, "source": DYNO, **fields}
    return " ".join(f"{key}={_word(value)}" for key, value in words.items())


def _word(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(mark in text for mark in ' "=\\')
    return text if plain else json.dumps(text)


_handler = logging.StreamHandler(sys.stdout)
_handler.setFormatter(_OneLine())
logging.basicConfig(level=logging.WARNING, handlers=[_handler])
# it says each try to connect again; web and worker say what came of that
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
