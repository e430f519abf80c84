"""Brings the database up to date. `python3 migrate.py reset` goes back to the last release's."""

import sqlite3
import sys
import time

import store

STEPS = [
    [
        "CREATE TABLE prices (item TEXT, amount INTEGER)",
        "INSERT INTO prices VALUES ('tea', 3), ('coffee', 5)",
    ],
    ["UPDATE prices SET amount = amount * 100"],  # in cents from now on
]
SECONDS = 0.1  # what a step takes on a table that is not small


def version(db):
    """How many steps were done."""
    return db.execute("PRAGMA user_version").fetchone()[0]


def migrate():
    """Do the steps that are still to be done."""
    db = store.connect()
    try:
        while version(db) < len(STEPS):
            done = version(db)
            for statement in STEPS[done]:
                db.execute(statement)
            time.sleep(SECONDS)
            db.execute(f"PRAGMA user_version = {done + 1}")
            print(f"event=migrated to={done + 1}", flush=True)
    except sqlite3.Error as problem:
        print(f"event=migration_failed problem={str(problem)!r}", flush=True)


def reset():
    """As before this release: prices in euros, one step done."""
    db = store.connect()
    for kind, name in db.execute("SELECT type, name FROM sqlite_master").fetchall():
        db.execute(f"DROP {kind} {name}")
    for statement in STEPS[0]:
        db.execute(statement)
    db.execute("PRAGMA user_version = 1")
    print("event=reset", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["reset"]:
        reset()
    else:
        migrate()
