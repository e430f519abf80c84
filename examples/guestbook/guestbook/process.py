"""The life of a process: begin with a checked config, end when the platform says so (factor IX)."""

from __future__ import annotations

import os
import select
import signal
import sys
from types import FrameType

from guestbook import log, migrate
from guestbook.config import Config, ConfigError, load
from guestbook.store import Store


class Stop:
    """SIGTERM (from the platform) or SIGINT (Ctrl-C), as something that every thread can wait for.

    The signal handler only writes a byte to a pipe. Setting a `threading.Event` there could hang:
    the handler runs in the main thread, perhaps while that thread holds the event's own lock.
    """

    def __init__(self) -> None:
        self.reader, self._writer = os.pipe()
        self.signal = ""
        os.set_blocking(self._writer, False)
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if not self.signal:
            self.signal = signal.Signals(number).name
            os.write(self._writer, b"!")

    @property
    def asked(self) -> bool:
        """Whether the process is to stop."""
        return bool(self.signal)

    def wait(self, seconds: float) -> bool:
        """Sleeps for `seconds`, or until the process is to stop; says whether it is."""
        # Nobody reads the byte, so every waiter sees it, now and later.
        return bool(select.select([self.reader], [], [], max(0.0, seconds))[0])


def start() -> tuple[Config, Store, Stop]:
    """What every process type begins with. A config that is wrong ends the process, status 1.

    The schema is brought up to date here too, not only in the release phase: it costs one query
    when there is nothing to do, and `localku start` on a fresh clone then just works.
    """
    stop = Stop()
    try:
        config = load(os.environ)
    except ConfigError as problem:
        fail(str(problem))
    log.set_up(config.log_level, config.dyno)
    store = Store(config.database)
    try:
        migrate.migrate(store)
    except migrate.SchemaError as problem:
        fail(str(problem))
    return config, store, stop


def fail(message: str) -> None:
    """Ends the process with status 1 and one line on stderr that says why."""
    print(f"guestbook: {message}", file=sys.stderr)
    raise SystemExit(1)
