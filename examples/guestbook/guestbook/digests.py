"""A line about the book as a whole, made by a worker when the clock asks for it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

KEPT = 100


@dataclass(frozen=True)
class Digest:
    """What the book held when `made_by` looked, at `made_at` seconds since 1970."""

    entries: int
    held: int
    made_by: str
    made_at: float


def keep(db: sqlite3.Connection, slot: int, digest: Digest) -> None:
    """Writes the digest of a slot; doing it again replaces it, so the job may run twice."""
    db.execute(
        "INSERT OR REPLACE INTO digests (slot, entries, held, made_by, made_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (slot, digest.entries, digest.held, digest.made_by, digest.made_at),
    )
    db.execute(
        "DELETE FROM digests WHERE slot NOT IN (SELECT slot FROM digests ORDER BY slot DESC "
        f"LIMIT {KEPT})"
    )


def latest(db: sqlite3.Connection) -> Digest | None:
    """The newest digest, if the clock has run long enough for one."""
    row = db.execute(
        "SELECT entries, held, made_by, made_at FROM digests ORDER BY slot DESC LIMIT 1"
    ).fetchone()
    return Digest(*row) if row else None
