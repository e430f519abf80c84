"""The database that DATABASE_URL names: a SQLite file here, PostgreSQL on Heroku."""

import os
import sqlite3


def connect():
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    return sqlite3.connect(path, timeout=10, isolation_level=None)
