"""The database, as an attached resource that DATABASE_URL names (factor IV).

SQLite in WAL mode lets any number of processes read while one writes. Writers take turns, so every
write transaction here is a few statements long, and is opened with BEGIN IMMEDIATE: it waits for
its turn at the start, not half-way, where SQLite would have to fail it.

What Heroku needs instead: PostgreSQL, because dynos share no disk. This module would then open
psycopg connections to DATABASE_URL; entries.py and jobs.py would keep their SQL but for `?`.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUSY_SECONDS = 5.0  # how long a writer waits for its turn
POOL_SIZE = 4  # connections of one process; a thread that finds none free waits for one
POOL_WAIT_SECONDS = 5.0


class Unavailable(Exception):
    """The database did not answer in time: the caller may try again later."""


class Store:
    """A pool of connections to one database file. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._free: queue.LifoQueue[sqlite3.Connection | None] = queue.LifoQueue(POOL_SIZE)
        self._spent = threading.local()
        for _ in range(POOL_SIZE):
            self._free.put(None)  # opened when first needed: most processes need one

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for SELECTs, each on its own. Raises Unavailable."""
        began = time.perf_counter()
        try:
            db = self._free.get(timeout=POOL_WAIT_SECONDS)
        except queue.Empty:
            raise Unavailable("no database connection is free") from None
        try:
            if db is None:
                db = self._connect()
            yield db
        except sqlite3.OperationalError as problem:
            raise Unavailable(str(problem)) from problem
        finally:
            self._free.put(db)
            self._spent.seconds = self._seconds() + time.perf_counter() - began

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it is kept, or, on an exception, nothing."""
        with self.reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def take_seconds(self) -> float:
        """Seconds that this thread spent in the database since it last asked."""
        seconds = self._seconds()
        self._spent.seconds = 0.0
        return seconds

    def close(self) -> None:
        """Closes the free connections; the last process to do so tidies the WAL file away."""
        for _ in range(self._free.qsize()):
            db = self._free.get()
            if db is not None:
                db.close()

    def _seconds(self) -> float:
        return float(getattr(self._spent, "seconds", 0.0))

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            db.row_factory = sqlite3.Row
            # With WAL, NORMAL may lose the last commits in a power cut, never in a crash of ours.
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            db.close()
            raise
        return db
