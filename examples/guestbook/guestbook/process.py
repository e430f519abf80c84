"""The life of a process: begin with a checked config, end when the platform says so (factor IX)."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import FrameType

from guestbook import log, migrate
from guestbook.config import Config, ConfigError, load
from guestbook.store import Store


class Stop:
    """SIGTERM (from the platform) or SIGINT (Ctrl-C), as something that every thread can wait for.

    The interpreter itself writes a byte to a pipe when a signal arrives, at any moment. A Python
    handler alone is not enough: it runs only once the main thread is back from its system call,
    and a signal that arrives just before that call begins does not end it. Nor could a handler set
    a `threading.Event`: the main thread may be holding the event's lock at that moment.
    """

    def __init__(self) -> None:
        self.reader, writer = os.pipe()
        self.signal = ""
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = self.signal or signal.Signals(number).name

    @property
    def asked(self) -> bool:
        """Whether the process is to stop."""
        return self.wait(0)

    def wait(self, seconds: float) -> bool:
        """Sleeps for `seconds`, or until the process is to stop; says whether it is."""
        # Nobody reads the byte, so every waiter sees it, now and later.
        return bool(select.select([self.reader], [], [], max(0.0, seconds))[0])


@contextmanager
def running() -> Iterator[tuple[Config, Store, Stop]]:
    """What every process type begins and ends with. A wrong config ends the process, status 1.

    The schema is brought up to date here too, not only in the release phase: it costs one query
    when there is nothing to do, and `localku start` on a fresh clone then just works.
    """
    stop = Stop()
    try:
        config = load(os.environ)
    except ConfigError as problem:
        fail(str(problem))
    log.set_up(config.log_level, config.dyno)
    with closing(Store(config.database)) as store:
        try:
            migrate.migrate(store)
        except migrate.SchemaError as problem:
            fail(str(problem))
        yield config, store, stop


def fail(message: str) -> None:
    """Ends the process with status 1 and one line on stderr that says why."""
    print(f"guestbook: {message}", file=sys.stderr)
    raise SystemExit(1)
