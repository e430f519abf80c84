"""The database that DATABASE_URL names: a SQLite file here, PostgreSQL on Heroku."""

import os
import sqlite3


def connect():
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    db = sqlite3.connect(path, timeout=10, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")  # quick: a kill -9 loses nothing, a power cut may
    return db
