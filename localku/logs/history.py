"""The log of one app on disk: what its history was, for the platform's next run. Effects: files.

The law: two files of at most some 1,500 lines or 8 MiB each, PATH and, older, PATH.1. What is
written is appended, then sealed; nothing is ever rewritten, so that a writing which is torn (kill
-9, a full disk) costs its own lines only. Nothing is synced: a power cut may cost what the kernel
had not written yet. Lines are forgotten a week after they came, as Logplex does (heroku.md 4.1).
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from localku.logs import records
from localku.logs.entry import Entry
from localku.logs.losses import count_lines
from localku.logs.stream import HISTORY_BYTES, HISTORY_LINES

EXPIRY = 7 * 86400.0  # seconds
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class HistoryFile:
    """The two files at path. Call `open` first; `append` and `load` may be called by two threads.

    number: of the newest entry that is there. damaged: bytes that were no good, as far as was read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.number = 0
        self.damaged = 0
        self._nonce = 0
        self._size = 0  # of the newer file as far as it is good
        self._lines = 0  # in the newer file
        self._lock = allocate_lock()

    def open(self, now: float) -> None:
        """See what there is: its last bytes, unless they are torn. now: seconds since the epoch. A
        file that cannot be read is none."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                about = os.fstat(fd)
                if now - about.st_mtime > EXPIRY:
                    self.remove()
                else:
                    self._look(fd, about.st_size)
            finally:
                os.close(fd)
        except OSError:
            pass
        if not self.number:  # the platform was killed before it had made the newer file
            older = records.decode(_read(self.path + ".1"))
            self.number = older.number if older is not None else 0

    def _look(self, fd: int, size: int) -> None:
        nonce = records.read_head(os.pread(fd, records.HEAD_SIZE, 0))
        last = os.pread(fd, records.SEAL_SIZE, max(size - records.SEAL_SIZE, 0))
        sealed = None if nonce is None else records.read_seal(last, nonce)
        if nonce is None:
            self.damaged = size
        elif sealed is not None:
            self._nonce, self._size = nonce, size
            self.number, self._lines = sealed
        else:
            self._scan(nonce, os.pread(fd, size, 0))

    def _scan(self, nonce: int, data: bytes) -> None:
        found = records.decode(data)
        if found is not None:
            self._nonce, self._size = nonce, found.end
            self.number, self._lines = found.number, found.lines
            self.damaged = len(data) - found.end

    def load(self, now: float, before: int) -> list[Entry]:
        """The entries that came within a week before now, oldest first. before: all of this number
        and above are somebody else's."""
        with self._lock:
            parts = (_read(self.path + ".1"), _read(self.path)[: self._size or None])
        entries: list[Entry] = []
        for data in parts:
            found = records.decode(data)
            self.damaged = max(self.damaged, found.damaged if found is not None else len(data))
            entries += found.entries if found is not None else ()
        return [each for each in entries if each.number < before and now - each.time <= EXPIRY]

    def append(self, entries: list[Entry]) -> None:
        """Write them behind the others. Raises OSError; then nothing of them is there."""
        with self._lock:
            if self._size and _size_of(self.path) < self._size:
                self._size = self._lines = 0  # somebody took it away
            if self._lines >= HISTORY_LINES or self._size >= HISTORY_BYTES:
                os.replace(self.path, self.path + ".1")
                self._size = self._lines = 0
            data = b"" if self._size else self._begin()
            lines = self._lines + sum(map(count_lines, entries))
            number = entries[-1].number
            data += records.encode(entries, self._nonce) + records.seal(number, lines, self._nonce)
            self._write(data)
            self._size += len(data)
            self.number, self._lines = number, lines

    def _begin(self) -> bytes:
        """The head of a new file."""
        os.makedirs(os.path.dirname(self.path), 0o700, exist_ok=True)
        self._nonce = int.from_bytes(os.urandom(4), "big")
        return records.head(self._nonce)

    def _write(self, data: bytes) -> None:
        fd = os.open(self.path, _FLAGS, 0o600)
        try:
            os.ftruncate(fd, self._size)  # what a torn writing left
            view = memoryview(data)
            place = self._size
            while view:
                count = os.pwrite(fd, view, place)
                view, place = view[count:], place + count
        except OSError:
            os.ftruncate(fd, self._size)
            raise
        finally:
            os.close(fd)

    def remove(self) -> None:
        """Forget it all."""
        self._size = self._lines = 0
        for path in (self.path, self.path + ".1"):
            try:
                os.unlink(path)
            except OSError:
                pass


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _size_of(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
