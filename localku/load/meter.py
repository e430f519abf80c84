"""The line of progress on stderr: drawn again each second on a terminal, not there elsewhere."""

from __future__ import annotations

import os
import sys

from localku.load.plan import Progress
from localku.load.table import progress

WIDTH = 80  # of a terminal that does not know its own
CLEAR = "\r\x1b[K"


class Meter:
    """Shows progress while `is_live`; `say` prints a line of its own above it."""

    def __init__(self, wanted: bool = True) -> None:
        dumb = os.environ.get("TERM", "") in ("", "dumb")
        self.is_live = wanted and not dumb and sys.stderr.isatty()
        self._shown = False

    def show(self, it: Progress) -> None:
        """Draw it in place of what was there."""
        if not self.is_live:
            return
        try:
            width = os.get_terminal_size(sys.stderr.fileno()).columns or WIDTH
        except OSError:
            width = WIDTH
        self._write(CLEAR + progress(it, width - 1))
        self._shown = True

    def say(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._write(text + "\n")

    def clear(self) -> None:
        """Take the progress away."""
        if self._shown:
            self._write(CLEAR)
            self._shown = False

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            self.is_live = False  # nobody looks any more: the measurement goes on
