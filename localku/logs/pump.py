"""From a dyno's pipe or pty to lines: the reading end of the log stream.

The law: a loud dyno never starves another one or the router (a few reads a turn, then the loop goes
round), a quiet one costs nothing (no timer unless an open line waits to be shown), and what a dyno
said before it died is read to the end.

A dyno that writes again within a millisecond is streaming: waking up for each of its writes would
cost ten times as much as the lines themselves. Such a pipe is not watched but read every few
milliseconds, until it is once found empty. A single line is never delayed by this.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable

    from localku.logs.lines import LineSplitter

CHUNK = 64 << 10  # bytes a read: the capacity of a pipe on Linux
BUDGET = 4 * CHUNK  # bytes a turn
REST_MIN = 0.001  # seconds between the reads of a stream; shorter sleeps are beyond the selector
REST_MAX = 0.008
BUSY = 16 << 10  # bytes in one rest: a dyno that writes more is read after the shortest rest
TTY_CHUNK = 2048  # a pty gives 4 KiB a read; after one of less than this it is empty
DRAIN_LIMIT = 1 << 20  # bytes read by close(): the largest pipe an ordinary user can have
PARTIAL_AFTER = 0.1


class Pump:
    """Reads fd, which is this pump's alone: it is made non-blocking, and closed at the end unless
    close_fd is false.

    emit(data, continues): some lines, or after partial_after seconds an open one without `\n`;
    continues says that data begins in a line already partly given. on_eof(): called once, after the
    last emit, when nobody has the other end open any more; not after close().
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        fd: int,
        splitter: LineSplitter,
        emit: Callable[[bytes, bool], object],
        *,
        partial_after: float = PARTIAL_AFTER,
        on_eof: Callable[[], object] = lambda: None,
        close_fd: bool = True,
    ) -> None:
        self._loop = loop
        self._fd = fd
        self._splitter = splitter
        self._emit = emit
        self._partial_after = partial_after
        self._on_eof = on_eof
        self._close_fd = close_fd
        self._is_tty = stat.S_ISCHR(os.fstat(fd).st_mode)
        self._taps: tuple[Callable[[bytes], object], ...] = ()
        self._partial: TimerHandle | None = None  # shows the open line
        self._rest: TimerHandle | None = None  # ends the rest of a streaming pump
        self._resting_for = REST_MIN
        self._last_turn = 0.0
        self._paused = False
        self._ended = False
        os.set_blocking(fd, False)
        loop.add_reader(fd, self._readable)

    @property
    def ended(self) -> bool:
        """Whether all was read (end of file, or close())."""
        return self._ended

    def pause(self) -> None:
        """Leave the bytes in the pipe: the dyno waits when it is full."""
        if not self._paused and not self._ended:
            self._paused = True
            self._unwatch()

    def resume(self) -> None:
        """Read again after pause()."""
        if self._paused and not self._ended:
            self._paused = False
            self._loop.add_reader(self._fd, self._readable)
            self._watch_partial()

    def tap(self, listener: Callable[[bytes], object]) -> Callable[[], None]:
        """Give listener every chunk as it is read, before it is split (an attached terminal), and
        b"" at the end. Returns what ends that."""
        self._taps = (*self._taps, listener)

        def untap() -> None:
            self._taps = tuple(each for each in self._taps if each is not listener)

        return untap

    def close(self) -> None:
        """Read what is there now (at most DRAIN_LIMIT bytes, even when paused), give the last line,
        and stop. For a dyno that is gone while some grandchild holds its pipe open."""
        if not self._ended:
            self._read_all()
            self._end()

    def drain(self) -> None:
        """Give what is there now (at most DRAIN_LIMIT bytes, even when paused), an open line too,
        and go on: what a dyno said comes before what is said of it."""
        if not self._ended:
            self._read_all()
            self._show()

    def _read_all(self) -> None:
        room = DRAIN_LIMIT
        while room > 0:
            chunk = self._read()
            if not chunk:
                break
            room -= len(chunk)
            self._take(chunk)

    def _readable(self) -> None:
        """The watched descriptor has something."""
        now = self._loop.time()
        streams = now - self._last_turn < REST_MIN
        self._last_turn = now
        self._turn()
        if streams and not self._paused and not self._ended:
            self._loop.remove_reader(self._fd)
            self._resting_for = REST_MIN
            self._rest = self._loop.call_later(REST_MIN, self._rested)

    def _rested(self) -> None:
        """Read the stream again, or watch it again once it has dried up."""
        self._rest = None
        taken = self._turn()
        if self._paused or self._ended:
            return
        if taken == 0:
            self._loop.add_reader(self._fd, self._readable)
            return
        self._resting_for = REST_MIN if taken >= BUSY else min(2 * self._resting_for, REST_MAX)
        self._rest = self._loop.call_later(self._resting_for, self._rested)

    def _turn(self) -> int:
        """Read what is there, but no more than a turn's budget; the bytes read."""
        taken = 0
        while taken < BUDGET:
            chunk = self._read()
            if chunk is None:
                break
            if not chunk:
                self._end()
                self._on_eof()
                break
            taken += len(chunk)
            self._take(chunk)
            if len(chunk) < CHUNK or self._paused or self._ended:
                break
        self._watch_partial()
        return taken

    def _read(self) -> bytes | None:
        """A chunk; b"" at the end of file; None if there is nothing now."""
        chunk = self._read_once()
        if not self._is_tty or not chunk:
            return chunk
        parts = []
        size = 0
        while chunk:
            parts.append(chunk)
            size += len(chunk)
            if len(chunk) < TTY_CHUNK or size >= CHUNK:
                break
            chunk = self._read_once()  # an end seen here is seen again by the next read
        return b"".join(parts)

    def _read_once(self) -> bytes | None:
        try:
            return os.read(self._fd, CHUNK)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.EIO:
                return b""  # what a pty's master says when its last user is gone
            self._end()  # or the loop would call us for ever
            raise

    def _take(self, chunk: bytes) -> None:
        for listener in self._taps:
            listener(chunk)
        lines = self._splitter.feed(chunk, self._loop.time())
        if lines:
            self._emit(lines, self._splitter.continues)

    def _watch_partial(self) -> None:
        """See to it that an open line is shown partial_after seconds after its first byte."""
        if self._partial is None and self._splitter.pending and not self._ended:
            wait = self._splitter.since + self._partial_after - self._loop.time()
            self._partial = self._loop.call_later(max(wait, 0.001), self._show_partial)

    def _show_partial(self) -> None:
        self._partial = None
        if self._paused:
            return  # its end may wait in the pipe: resume() will see to it
        since = self._splitter.since
        self._turn()  # its end may be there; a younger line that is open now gets its own time
        open_for = self._loop.time() - since
        if self._splitter.since == since and open_for > self._partial_after - 0.001:
            self._show()

    def _show(self) -> None:
        if self._partial is not None:
            self._partial.cancel()
            self._partial = None
        text = self._splitter.flush()
        if text:
            self._emit(text, self._splitter.continues)

    def _unwatch(self) -> None:
        self._loop.remove_reader(self._fd)
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _end(self) -> None:
        self._ended = True
        self._unwatch()
        for listener in self._taps:
            listener(b"")
        if self._partial is not None:
            self._partial.cancel()
            self._partial = None
        if self._close_fd:
            os.close(self._fd)
        lines = self._splitter.close()
        if lines:
            self._emit(lines, self._splitter.continues)
