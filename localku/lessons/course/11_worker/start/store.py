"""The database that DATABASE_URL names: a SQLite file here, PostgreSQL on Heroku."""

import os
import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS invoices (
    id INTEGER PRIMARY KEY, customer TEXT, state TEXT DEFAULT 'waiting', made_by TEXT DEFAULT ''
);
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, invoice INTEGER, taken_by TEXT DEFAULT ''
);
"""


def connect():
    """A connection. Every statement is a transaction, unless it stands after BEGIN IMMEDIATE."""
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    db = sqlite3.connect(path, timeout=10, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")  # quick: a kill -9 loses nothing, a power cut may
    db.executescript(SCHEMA)
    return db
