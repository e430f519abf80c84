"""The release phase, `python3 schema.py`: brings the database's schema up to date.

It may run twice, and in eight dynos at once. web and worker do the same at their start, which costs
one query when there is nothing to do, so that a fresh clone works where no release phase runs.
"""

from __future__ import annotations

import time

import procrastinate
import psycopg
from config import DATABASE_URL, DATABASE_WAIT
from log import event

OURS = """
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    job_id bigint,
    tries integer NOT NULL DEFAULT 0,
    worker text
);
-- The primary key is what makes the job idempotent: an order has one invoice, however often
-- a worker makes it.
CREATE TABLE invoices (
    order_id bigint PRIMARY KEY REFERENCES orders,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""


def prepare() -> bool:
    """Make what is not there yet; whether anything was made. Raises psycopg.OperationalError."""
    with psycopg.connect(DATABASE_URL, connect_timeout=5) as db:
        return not _exists(db) and _make(db)


def prepare_patiently() -> bool:
    """The same, after a wait for the database. Raises SystemExit when there is none in time.

    A database that fails over is away for half a minute. Who starts just then waits for it, since
    a process that crashes twice is started again much later (10 minutes on Heroku, and doubling).
    """
    deadline = time.monotonic() + DATABASE_WAIT
    told = False
    while True:
        try:
            return prepare()
        except psycopg.OperationalError as error:
            why = str(error).partition("\n")[0]
        if time.monotonic() >= deadline:
            raise SystemExit(f"no database: {why}")
        if not told:
            event("database_awaited", why=why)
        told = True
        time.sleep(1)


def _exists(db: psycopg.Connection) -> bool:
    # not to_regclass(): after the wait for the lock it may still answer from this session's cache
    found = "SELECT FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'invoices'"
    return db.execute(found).fetchone() is not None


def _make(db: psycopg.Connection) -> bool:
    db.execute("SELECT pg_advisory_xact_lock(12)")  # one makes it, the others wait and then see it
    if _exists(db):
        return False
    # A new version of the library may bring migrations, SQL files in procrastinate/sql/migrations:
    # they belong here, after this line.
    db.execute(procrastinate.schema.SchemaManager.get_schema())
    db.execute(OURS)
    return True


if __name__ == "__main__":
    event("schema", made="yes" if prepare_patiently() else "no")
