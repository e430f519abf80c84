"""A queue in a table: work that a web process must not do itself while a visitor waits.

A worker claims a job by pushing its `not_before` into the future: that is its lease. While the
lease runs nobody else sees the job; when the worker is killed, the lease runs out and the next
worker finds it. So a job may be begun twice, and a job's effect must therefore be the same when it
happens twice. The claim mark makes sure of the rest: who lost the lease cannot finish the job.

Several machines do not share a clock: with PostgreSQL, `now` would be the database's, and
the claim would add FOR UPDATE SKIP LOCKED.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

MAX_ATTEMPTS = 5


@dataclass(frozen=True)
class Job:
    """A claimed job. `attempt` counts from 1; `created_at` is in seconds since 1970."""

    id: int
    kind: str
    payload: dict[str, Any]
    request_id: str
    created_at: float
    attempt: int
    claim: str


def add(
    db: sqlite3.Connection, kind: str, payload: dict[str, Any], now: float, request_id: str
) -> None:
    """Puts a job at the end of the queue, in the caller's transaction."""
    db.execute(
        "INSERT INTO jobs (kind, payload, request_id, created_at, not_before) "
        "VALUES (?, ?, ?, ?, ?)",
        (kind, json.dumps(payload), request_id, now, now),
    )


def is_due(db: sqlite3.Connection, now: float) -> bool:
    """Whether a job can be claimed: a read, so that an idle worker never takes the write lock."""
    row = db.execute(
        "SELECT 1 FROM jobs WHERE failure IS NULL AND not_before <= ? LIMIT 1", (now,)
    ).fetchone()
    return row is not None


def claim(db: sqlite3.Connection, mark: str, now: float, lease_seconds: float) -> Job | None:
    """Takes the oldest due job for `lease_seconds`. `mark` must be unique to this claim.

    A job whose every attempt ended with a dead worker is not tried for ever: it is set aside.
    """
    db.execute(
        "UPDATE jobs SET failure = 'its workers died' "
        "WHERE failure IS NULL AND not_before <= ? AND attempts >= ?",
        (now, MAX_ATTEMPTS),
    )
    rows = db.execute(
        "UPDATE jobs SET claim = ?, not_before = ?, attempts = attempts + 1 WHERE id = ("
        "  SELECT id FROM jobs WHERE failure IS NULL AND not_before <= ?"
        "  ORDER BY not_before, id LIMIT 1"
        ") RETURNING *",
        (mark, now + lease_seconds, now),
    ).fetchall()
    if not rows:
        return None
    row = rows[0]
    return Job(
        id=row["id"],
        kind=row["kind"],
        payload=json.loads(row["payload"]),
        request_id=row["request_id"],
        created_at=row["created_at"],
        attempt=row["attempts"],
        claim=row["claim"],
    )


def finish(db: sqlite3.Connection, job: Job) -> bool:
    """Removes a done job; False when its lease ran out and another worker has it.

    Call it in the transaction that writes the job's result: then both happen, or neither.
    """
    cursor = db.execute("DELETE FROM jobs WHERE id = ? AND claim = ?", (job.id, job.claim))
    return cursor.rowcount == 1


def fail(db: sqlite3.Connection, job: Job, problem: str, now: float) -> bool:
    """Gives a job back after an error, for 1, 2, 4, … seconds later; True when it is set aside."""
    last = job.attempt >= MAX_ATTEMPTS
    db.execute(
        "UPDATE jobs SET claim = '', failure = ?, not_before = ? WHERE id = ? AND claim = ?",
        (problem if last else None, now + 2.0 ** (job.attempt - 1), job.id, job.claim),
    )
    return last


def depth(db: sqlite3.Connection) -> tuple[int, int]:
    """How many jobs are to be done (claimed ones too), and how many were set aside."""
    row = db.execute("SELECT count(*), coalesce(sum(failure IS NOT NULL), 0) FROM jobs").fetchone()
    return int(row[0]) - int(row[1]), int(row[1])


def retry_set_aside(db: sqlite3.Connection, now: float) -> int:
    """Gives the jobs that were set aside another round of attempts; returns how many."""
    cursor = db.execute(
        "UPDATE jobs SET failure = NULL, attempts = 0, claim = '', not_before = ? "
        "WHERE failure IS NOT NULL",
        (now,),
    )
    return cursor.rowcount


def take_slot(db: sqlite3.Connection, name: str, slot: int) -> bool:
    """Whether the caller is the first to act in this `slot` of the schedule `name`.

    Two clock processes (a mistake, or a moment during a release) then still act once.
    """
    cursor = db.execute(
        "INSERT INTO schedule (name, last_slot) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET last_slot = excluded.last_slot "
        "WHERE excluded.last_slot > last_slot",
        (name, slot),
    )
    return cursor.rowcount == 1
