"""Payments, and the queue of those that are still to be made: one table of the database.

A worker that takes a payment has it for LEASE seconds. If it is killed, the payment is due again
when they are over.
"""

import os
import sqlite3
import time

LEASE = 1.0  # seconds; a payment takes less than half of that

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY, account TEXT, amount INTEGER, state TEXT DEFAULT 'waiting',
    taken_until REAL DEFAULT 0
)
"""


def connect():
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    db = sqlite3.connect(path, timeout=10, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")  # quick: a kill -9 loses nothing, a power cut may
    db.row_factory = sqlite3.Row
    db.execute(SCHEMA)
    return db


def add(db, account, amount):
    """A new payment, to be made by a worker; its id."""
    values = (account, amount)
    return db.execute("INSERT INTO payments (account, amount) VALUES (?, ?)", values).lastrowid


def find(db, number):
    """A payment, or None."""
    return db.execute("SELECT * FROM payments WHERE id = ?", (number,)).fetchone()


def take(db):
    """A payment that is due, or None. BEGIN IMMEDIATE lets one worker in at a time."""
    now = time.time()
    db.execute("BEGIN IMMEDIATE")
    query = "SELECT * FROM payments WHERE state = 'waiting' AND taken_until < ? ORDER BY id"
    due = db.execute(query, (now,)).fetchone()
    if due is not None:
        lease = (now + LEASE, due["id"])
        db.execute("UPDATE payments SET taken_until = ? WHERE id = ?", lease)
    db.execute("COMMIT")
    return due


def finish(db, number):
    """The payment was made."""
    db.execute("UPDATE payments SET state = 'paid' WHERE id = ?", (number,))
