"""The log of a detached platform: a file that is begun anew at each start, and never too long."""

from __future__ import annotations

import os

from localku.errors import UserError
from localku.logs.entry import Entry

MAX_BYTES = 16 << 20  # then the file is put aside, with the name FILE.1, and another one begun
HEAD = 60  # bytes before each line, about


class LogFile:
    """The process's stdout and stderr go there from now on; a reader of all streams, which counts.

    Raises UserError.
    """

    def __init__(self, path: str, limit: int = MAX_BYTES) -> None:
        self.path = path
        self._limit = limit
        self._written = 0
        self._begin()

    def offer(self, entry: Entry) -> None:
        """Something is about to be written."""
        self._written += len(entry.data) + HEAD * entry.data.count(b"\n")
        if self._written > self._limit:
            self._written = 0
            try:
                self._begin()
            except UserError:
                pass  # it goes on in the old one

    def _begin(self) -> None:
        try:
            if os.path.exists(self.path):
                os.replace(self.path, self.path + ".1")
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            fd = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise UserError(f"cannot write the log: {error.strerror}", where=self.path) from None
        for standard in (1, 2):
            os.dup2(fd, standard)
        os.close(fd)
