"""A queue in the database: written some time ago, and not in use yet."""

import os


def add(db, invoice):
    """Put a job at the end of the queue: the invoice of this id is to be made."""
    db.execute("INSERT INTO jobs (invoice) VALUES (?)", (invoice,))


def take(db):
    """The invoice of the oldest job that nobody has taken, or None. It is ours from now on.

    BEGIN IMMEDIATE lets one process in at a time; with PostgreSQL it is FOR UPDATE SKIP LOCKED.
    """
    db.execute("BEGIN IMMEDIATE")
    row = db.execute("SELECT id, invoice FROM jobs WHERE taken_by = '' ORDER BY id").fetchone()
    if row is not None:
        db.execute("UPDATE jobs SET taken_by = ? WHERE id = ?", (os.environ["DYNO"], row[0]))
    db.execute("COMMIT")
    return row[1] if row is not None else None


def remove(db, invoice):
    """The job is done."""
    db.execute("DELETE FROM jobs WHERE invoice = ?", (invoice,))
