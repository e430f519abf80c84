"""Writes a queue of bytes to a descriptor which may block for ever. START PATH.

localku's stdout is shared with whoever started it, so it is never made non-blocking: a blocking
write in a thread of its own stalls nobody. The thread sleeps while there is nothing to write. A
regular file needs none.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue
    from threading import Thread

_BATCH = 256 << 10  # bytes joined for one round of writes
_PIECE = 16 << 10  # bytes given to one write: a write that returns is the proof that somebody reads
_REGULAR_FILE = 0o100000


class Writer:
    """Writes what it is given to fd, in order.

    on_write: called in the thread after a write while `watched` is set. on_error: called once in
    the thread with the errno of a write that failed; nothing is written after that.
    given, written: bytes in total; each is changed by one thread only.
    """

    __slots__ = (
        "_direct",
        "_early",
        "_fd",
        "_on_error",
        "_on_write",
        "_piece",
        "_put",
        "_queue",
        "_thread",
        "failed",
        "given",
        "watched",
        "written",
    )

    def __init__(
        self, fd: int, on_write: Callable[[], None], on_error: Callable[[int], None]
    ) -> None:
        self._fd = fd
        self._on_write = on_write
        self._on_error = on_error
        self._direct = False
        self._early: list[bytes] = []
        self._put: Callable[[bytes], None] = self._early.append
        self._queue: SimpleQueue[bytes | None] | None = None
        self._thread: Thread | None = None
        self._piece = _PIECE
        self.failed = 0
        self.given = 0
        self.watched = False
        self.written = 0

    def write(self, data: bytes) -> None:
        """Queue data; before start() it waits. Never blocks."""
        self.given += len(data)
        self._put(data)

    def start(self) -> None:
        """Start the thread. It costs the import of threading, so call it after the first dyno."""
        if self._thread is not None or self._direct:
            return
        if os.fstat(self._fd).st_mode & 0o170000 == _REGULAR_FILE:
            self._write_directly()
            return
        from queue import SimpleQueue
        from threading import Thread

        self._queue = SimpleQueue()
        for data in self._early:
            self._queue.put(data)
        self._early.clear()
        self._put = self._queue.put
        # A daemon: a write to a stopped terminal may never return, and must not keep us alive.
        self._thread = Thread(target=self._run, args=(self._queue,), name="console", daemon=True)
        self._thread.start()

    def _write_directly(self) -> None:
        """A file takes what it is given at once: a thread would only fight for the interpreter."""
        self._direct = True
        self._piece = _BATCH
        self._put = self._write_all
        early = b"".join(self._early)
        self._early.clear()
        if early:
            self._write_all(early)

    def close(self, timeout: float) -> bool:
        """Write what is queued, for at most timeout seconds. True if all of it was written."""
        self.start()
        if self._queue is not None and self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout)
        return self.written == self.given

    def _run(self, queue: SimpleQueue[bytes | None]) -> None:
        while True:
            data = queue.get()
            parts = []
            size = 0
            while data is not None:
                parts.append(data)
                size += len(data)
                if size >= _BATCH or queue.empty():
                    break
                data = queue.get()
            if parts:
                self._write_all(b"".join(parts))
            if data is None:
                return

    def _write_all(self, data: bytes) -> None:
        if self.failed:
            return
        view = memoryview(data)
        start = 0
        while start < len(view):
            try:
                start += self._advance(os.write(self._fd, view[start : start + self._piece]))
            except BlockingIOError:
                self._wait_writable()
            except OSError as error:
                self.failed = error.errno or -1
                self._on_error(self.failed)
                return

    def _advance(self, count: int) -> int:
        self.written += count
        if self.watched:
            self._on_write()
        return count

    def _wait_writable(self) -> None:
        """Somebody else who shares the descriptor made it non-blocking (node does so to a tty)."""
        from select import POLLOUT, poll

        poller = poll()
        poller.register(self._fd, POLLOUT)
        poller.poll()
