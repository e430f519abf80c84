"""The bank: a stand-in for its client library, with books of its own. Leave this file as it is."""

import os
import sqlite3
import time

SECONDS = 0.2  # on the way there, and again on the way back


def charge(account, amount, key=None):
    """Charge an account. key: any text; a second call with a key that was seen changes nothing."""
    print(f"event=bank_asked account={account} amount={amount}", flush=True)
    time.sleep(SECONDS)
    row = (account, amount, key)
    books().execute("INSERT OR IGNORE INTO charges (account, amount, key) VALUES (?, ?, ?)", row)
    print(f"event=bank_booked account={account} amount={amount}", flush=True)
    time.sleep(SECONDS)


def charged(account):
    """All that was charged to an account so far."""
    query = "SELECT coalesce(sum(amount), 0) FROM charges WHERE account = ?"
    return books().execute(query, (account,)).fetchone()[0]


def books():
    path = os.environ["BANK_URL"].removeprefix("sqlite:///")
    db = sqlite3.connect(path, timeout=10, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")  # quick: a kill -9 loses nothing, a power cut may
    db.execute("CREATE TABLE IF NOT EXISTS charges (account, amount INTEGER, key TEXT UNIQUE)")
    return db
