"""Logs are a stream of events on stdout (factor XI): one line each, numbers in l2met's words."""

from __future__ import annotations

import json

from config import DYNO


def event(name: str, **fields: object) -> None:
    """Write `event=NAME source=DYNO key=value…`. A word that has blanks is quoted."""
    words = {"event": name, "source": DYNO, **fields}
    print(" ".join(f"{key}={_word(value)}" for key, value in words.items()), flush=True)


def ms(seconds: float) -> str:
    """0.0123 as 12.3ms, for `measure#`."""
    return f"{seconds * 1000:.1f}ms"


def _word(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(mark in text for mark in ' "=\\')
    return text if plain else json.dumps(text)
