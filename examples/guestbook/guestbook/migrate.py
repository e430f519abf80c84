"""The schema, as a list of steps that only grows. Run as a program it is the release phase.

    release: python3 -m guestbook.migrate

Any number of processes may run the steps at the same moment: the first takes the write lock, the
others wait, look again, and find nothing to do. A release that fails here never goes live (factor
V): the old dynos keep running on the old schema.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing

from guestbook import log
from guestbook.config import ConfigError, load
from guestbook.store import BUSY_SECONDS, Store, Unavailable

# A step that has been released is never edited: what it did is in somebody's database.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        # `seq` grows with every change of any entry, so that "what is new since 41?" is one
        # query. Writers take turns, so numbers appear in order; with PostgreSQL they would not.
        """CREATE TABLE entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            author TEXT NOT NULL,
            message TEXT NOT NULL,
            created_at REAL NOT NULL,
            status TEXT NOT NULL DEFAULT 'waiting',
            seq INTEGER NOT NULL UNIQUE
        )""",
        """CREATE TABLE jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            payload TEXT NOT NULL,
            request_id TEXT NOT NULL,
            created_at REAL NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            not_before REAL NOT NULL,
            claim TEXT NOT NULL DEFAULT '',
            failure TEXT
        )""",
        "CREATE INDEX jobs_by_time ON jobs (not_before, id) WHERE failure IS NULL",
    ),
    (
        "ALTER TABLE entries ADD COLUMN verdict TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE entries ADD COLUMN identicon TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE entries ADD COLUMN checked_by TEXT NOT NULL DEFAULT ''",
    ),
    (
        "CREATE TABLE schedule (name TEXT PRIMARY KEY, last_slot INTEGER NOT NULL)",
        """CREATE TABLE digests (
            slot INTEGER PRIMARY KEY,
            entries INTEGER NOT NULL,
            held INTEGER NOT NULL,
            made_by TEXT NOT NULL,
            made_at REAL NOT NULL
        )""",
    ),
)


class SchemaError(Exception):
    """The schema could not be brought up to date; the message says why."""


def migrate(store: Store) -> tuple[int, int]:
    """Runs the missing steps; returns the versions before and after. Raises SchemaError."""
    deadline = time.monotonic() + 2 * BUSY_SECONDS
    while True:
        try:
            return _migrate(store)
        except Unavailable as problem:
            # Turning WAL on needs the file for itself and does not wait for a turn, so that
            # processes that all start on a fresh file may refuse each other for a moment.
            if "locked" not in str(problem) or time.monotonic() > deadline:
                raise SchemaError(f"cannot use {store.path}: {problem}") from problem
            time.sleep(0.05)
        except sqlite3.DatabaseError as problem:
            raise SchemaError(f"cannot use {store.path}: {problem}") from problem


def _migrate(store: Store) -> tuple[int, int]:
    with store.reading() as db:
        if (before := _version(db)) >= len(STEPS):
            return before, before
        db.execute("PRAGMA journal_mode = WAL")
    with store.writing() as db:
        before = _version(db)  # again: another process may have been first
        for step in STEPS[before:]:
            for statement in step:
                db.execute(statement)
        after = max(before, len(STEPS))
        db.execute(f"PRAGMA user_version = {after}")
        return before, after


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def main() -> None:
    """The release phase. Exit status 1 means that this release must not go live."""
    try:
        config = load(os.environ)
        log.set_up(config.log_level, config.dyno)
        with closing(Store(config.database)) as store:
            before, after = migrate(store)
    except (ConfigError, SchemaError) as problem:
        raise SystemExit(f"guestbook: {problem}") from None
    log.info("migrated", before=before, after=after)


if __name__ == "__main__":
    main()
