"""The entries of the book: every query about them, and nothing else.

A function takes a connection from `Store.reading` or `Store.writing`; who calls it owns the
transaction. `now` is in seconds since 1970, and comes from the caller.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from guestbook import jobs

_NEXT_SEQ = "(SELECT coalesce(max(seq), 0) + 1 FROM entries)"
_FIELDS = "id, author, message, created_at, status, verdict, identicon, checked_by, seq"


@dataclass(frozen=True)
class Entry:
    """One entry. `status` is waiting (no worker has looked), shown or held; `verdict` says why."""

    id: int
    author: str
    message: str
    created_at: float
    status: str
    verdict: str
    identicon: str
    checked_by: str
    seq: int


def add(db: sqlite3.Connection, author: str, message: str, now: float, request_id: str) -> Entry:
    """Writes an entry and the job that checks it: in one transaction, so never one without the
    other, whatever is killed in between."""
    rows = db.execute(
        f"INSERT INTO entries (author, message, created_at, seq) VALUES (?, ?, ?, {_NEXT_SEQ}) "
        f"RETURNING {_FIELDS}",
        (author, message, now),
    ).fetchall()
    entry = Entry(*rows[0])
    jobs.add(db, "check", {"entry": entry.id}, now, request_id)
    return entry


def find(db: sqlite3.Connection, entry_id: int) -> Entry | None:
    """The entry of that number."""
    row = db.execute(f"SELECT {_FIELDS} FROM entries WHERE id = ?", (entry_id,)).fetchone()
    return Entry(*row) if row else None


def page(db: sqlite3.Connection, limit: int, before: int | None = None) -> list[Entry]:
    """The newest `limit` entries, or the newest of those older than entry `before`."""
    rows = db.execute(
        f"SELECT {_FIELDS} FROM entries WHERE id < ? ORDER BY id DESC LIMIT ?",
        (before if before is not None else 2**62, limit),
    )
    return [Entry(*row) for row in rows]


def changed_since(db: sqlite3.Connection, seq: int, limit: int) -> list[Entry]:
    """Entries written or checked after change number `seq`, the oldest change first."""
    rows = db.execute(
        f"SELECT {_FIELDS} FROM entries WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
    )
    return [Entry(*row) for row in rows]


def last_seq(db: sqlite3.Connection) -> int:
    """The number of the latest change; 0 in an empty book."""
    return int(db.execute("SELECT coalesce(max(seq), 0) FROM entries").fetchone()[0])


def set_verdict(
    db: sqlite3.Connection, entry_id: int, status: str, verdict: str, identicon: str, by: str
) -> None:
    """Keeps what a worker found. Twice the same verdict leaves the book as once does."""
    db.execute(
        "UPDATE entries SET status = ?, verdict = ?, identicon = ?, checked_by = ?, "
        f"seq = {_NEXT_SEQ} WHERE id = ? AND status = 'waiting'",
        (status, verdict, identicon, by, entry_id),
    )


def count(db: sqlite3.Connection) -> tuple[int, int]:
    """How many entries there are, and how many of them are held."""
    row = db.execute("SELECT count(*), coalesce(sum(status = 'held'), 0) FROM entries").fetchone()
    return int(row[0]), int(row[1])
