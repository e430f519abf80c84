"""What is being tried, on stderr: one line that changes on a terminal, a line each elsewhere."""

from __future__ import annotations

import os
import sys
import time

CLEAR = "\r\x1b[K"


class Progress:
    """Says what is being tried, and for how long the whole has taken."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        dumb = os.environ.get("TERM", "") in ("", "dumb")
        self._live = sys.stderr.isatty() and not dumb
        self._shown = False

    def say(self, what: str) -> None:
        """Say it in place of what was there."""
        line = f"{time.monotonic() - self._began:5.1f} s  {what}"
        try:
            sys.stderr.write(f"{CLEAR}{line}" if self._live else f"{line}\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # nobody looks any more
        self._shown = True

    def close(self) -> None:
        """Take the line away."""
        if self._shown and self._live:
            sys.stderr.write(CLEAR)
            sys.stderr.flush()
