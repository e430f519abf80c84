"""The log stream on localku's own stdout. START PATH (asyncio is not needed before start()).

The law: offer() never waits, memory is bounded, and a reader that reads gets every line.
- More than `high` bytes queued: pressure. The platform stops reading the dynos' pipes, so that the
  app is slowed to the reader's pace, until less than `low` is queued.
- Under pressure the reader takes nothing for `stuck_after` seconds (a stopped pager, Ctrl-S):
  pressure ends, whole new entries are dropped and counted, and supervision goes on. A reader that
  comes back gets what was kept, then the L10 line that counts the lost ones, then new lines.
- Whatever cannot be slowed (the router's lines) is dropped and counted beyond twice `high`.
"""

from __future__ import annotations

from localku.logs.losses import Loss, output_overflow
from localku.logs.writer import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle
    from collections.abc import Callable

    from localku.logs.entry import Entry
    from localku.logs.format import Formatter

HIGH = 4 << 20
LOW = 1 << 20
STUCK_AFTER = 1.0


def _ignore(_: object) -> None:
    pass


class Console:
    """A reader of the stream that formats entries and writes them to fd from a thread.

    high, low: bytes. stuck_after: seconds. on_pressure(True) asks to stop reading the dynos,
    on_pressure(False) to go on. on_closed(errno): nobody reads any more (EPIPE, EIO) or the write
    failed (ENOSPC); called once, nothing is written after it. Both are called on the loop, or from
    within offer(); both may be set after construction.
    """

    def __init__(
        self,
        fd: int,
        formatter: Formatter,
        *,
        high: int = HIGH,
        low: int = LOW,
        stuck_after: float = STUCK_AFTER,
        on_pressure: Callable[[bool], object] = _ignore,
        on_closed: Callable[[int], object] = _ignore,
    ) -> None:
        self.on_pressure = on_pressure
        self.on_closed = on_closed
        self._formatter = formatter
        self._high = high
        self._low = low
        self._stuck_after = stuck_after
        self._writer = Writer(fd, self._on_write, self._on_error)
        self._loop: AbstractEventLoop | None = None
        self._timer: TimerHandle | None = None
        self._pressed = False  # on_pressure(True) is in force
        self._losing = False  # new entries are dropped until _recover()
        self._closed = False
        self._loss = Loss()
        self._seen = (0, 0.0)  # bytes written, and since when no more than those
        self._floor = 0  # bytes written when losing began: the reader is back when there are more
        self._told = False  # a call of _moved is on its way from the thread

    @property
    def queued(self) -> int:
        """Bytes that were offered and are not written yet."""
        return self._writer.given - self._writer.written

    def start(self, loop: AbstractEventLoop) -> None:
        """Begin to write. What was offered before is written first."""
        self._loop = loop
        self._writer.start()

    def offer(self, entry: Entry) -> None:
        """Format entry and queue it, or count it as lost. Never waits."""
        if self._closed:
            return
        if self._losing and not self._recover():
            self._loss.add(entry)
            return
        self._writer.write(self._formatter.feed(entry))
        queued = self._writer.given - self._writer.written
        if queued > self._high:
            self._crowded(queued)

    def check(self, now: float) -> None:
        """Find out whether the reader still takes anything. now: the loop's time, in seconds.
        The console calls this by itself while there is pressure."""
        written, since = self._seen
        if self._writer.written != written:
            self._seen = (self._writer.written, now)
            self._moved()
        elif self._pressed and now - since >= self._stuck_after:
            self._lose()
            self._release()

    def close(self, timeout: float) -> bool:
        """Write what is queued, waiting at most timeout seconds. True if all of it was written.
        Blocks the caller; later offers are ignored."""
        if not self._closed:
            self._closed = True
            if self._loss.lines:
                self._report()
            self._writer.write(self._formatter.finish())
        self._disarm()
        self._loop = None
        return self._writer.close(timeout)

    def _crowded(self, queued: int) -> None:
        self._writer.watched = True
        if queued > 2 * self._high:
            self._lose()  # this is what pressure does not slow
        if self._loop is not None and not self._pressed:
            self._pressed = True
            self._seen = (self._writer.written, self._loop.time())
            self._arm()
            self.on_pressure(True)
            self._moved()  # the thread may have written all before it saw `watched`

    def _lose(self) -> None:
        self._losing = True
        self._floor = self._writer.written

    def _recover(self) -> bool:
        """Take entries again, if the reader is back and there is room."""
        if self._writer.written == self._floor or self.queued > self._high:
            return False
        self._losing = False
        if self._loss.lines:
            self._report()
        return True

    def _report(self) -> None:
        self._writer.write(self._formatter.feed(output_overflow(self._loss)))

    def _release(self) -> None:
        self._pressed = False
        self._disarm()
        self.on_pressure(False)

    def _moved(self) -> None:
        """The thread wrote something while it was watched."""
        self._told = False
        if self._closed:
            return
        if self._losing:
            self._recover()
        if self._pressed and self.queued < self._low:
            self._release()
        self._writer.watched = self._pressed or self._losing

    def _arm(self) -> None:
        if self._loop is not None:
            self._timer = self._loop.call_later(self._stuck_after / 4, self._tick)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        if self._loop is not None:
            self.check(self._loop.time())
            if self._pressed:
                self._arm()

    def _on_write(self) -> None:  # in the thread
        if not self._told and (self._losing or self.queued < self._low):
            self._told = True
            self._tell(self._moved)

    def _on_error(self, code: int) -> None:  # in the thread
        self._tell(self._fail, code)

    def _tell(self, call: Callable[..., None], *args: int) -> None:  # in the thread
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(call, *args)
            except RuntimeError:
                pass  # the loop is closed: close() tells that not all was written

    def _fail(self, code: int) -> None:
        if self._closed:
            return
        self._closed = True
        if self._pressed:
            self._release()
        self.on_closed(code)
