"""A stand-in for a small PostgreSQL plan: ten connections, for all processes together.

It counts connections in a SQLite file, so that no server is needed. Leave this file as it is.
"""

import os
import sqlite3
import threading
import time

LIMIT = 10
QUERY = 0.05  # seconds of a query

TABLES = """
CREATE TABLE IF NOT EXISTS connections (id INTEGER PRIMARY KEY, pid INTEGER);
CREATE TABLE IF NOT EXISTS most (id INTEGER PRIMARY KEY CHECK (id = 1), open INTEGER);
INSERT OR IGNORE INTO most VALUES (1, 0);
"""


class TooManyConnections(Exception):
    """What PostgreSQL says, too: FATAL, too many connections."""


class Connection:
    """One connection, for one query at a time. close() gives it back to the database."""

    def __init__(self, number):
        self._number = number
        self._lock = threading.Lock()

    def query(self, text):
        with self._lock:
            time.sleep(QUERY)
        return f"rows of {text}"

    def close(self):
        with _exclusively() as book:
            book.execute("DELETE FROM connections WHERE id = ?", (self._number,))


def connect():
    """A new connection. Raises TooManyConnections when all are taken."""
    with _exclusively() as book:
        is_full = _alive(book) >= LIMIT
        if not is_full:
            values = (os.getpid(),)
            number = book.execute("INSERT INTO connections (pid) VALUES (?)", values).lastrowid
            book.execute("UPDATE most SET open = max(open, ?)", (_alive(book),))
    if is_full:
        raise TooManyConnections("FATAL: too many connections: the limit is 10")
    return Connection(number)


def state():
    """How many connections are open, and how many were at most since the last call."""
    with _exclusively() as book:
        now = _alive(book)
        most = book.execute("SELECT open FROM most").fetchone()[0]
        book.execute("UPDATE most SET open = ?", (now,))
    return {"open": now, "most": most, "limit": LIMIT}


def _alive(book):
    """Connections of processes that live; the others are closed, as the kernel would."""
    for (pid,) in book.execute("SELECT DISTINCT pid FROM connections").fetchall():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            book.execute("DELETE FROM connections WHERE pid = ?", (pid,))
    return book.execute("SELECT count(*) FROM connections").fetchone()[0]


class _exclusively:
    """The book of connections, for one process at a time."""

    def __enter__(self):
        path = os.environ["DATABASE_URL"].removeprefix("toydb://") + ".db"
        self.book = sqlite3.connect(path, timeout=10, isolation_level=None)
        self.book.execute("PRAGMA synchronous = OFF")
        self.book.executescript(TABLES)
        self.book.execute("BEGIN IMMEDIATE")
        return self.book

    def __exit__(self, kind, error, trace):
        self.book.execute("ROLLBACK" if kind else "COMMIT")
        self.book.close()
