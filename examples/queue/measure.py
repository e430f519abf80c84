"""A one-off task (factor XII): how fast are orders placed, and how fast do the workers serve them?

    localku config:set WORK_MS=0          # the queue alone, without the work
    localku run python3 measure.py 500

It places so many orders, each in a transaction of its own, and waits until the last is done.
"""

from __future__ import annotations

import sys
import time

import orders
import psycopg
from config import DATABASE_URL

LEFT = "SELECT count(*) FROM orders LEFT JOIN invoices ON id = order_id WHERE id = ANY(%s) AND "
SERVED = """
SELECT count(*), count(DISTINCT made_by), extract(epoch FROM max(made_at) - min(made_at))
FROM invoices WHERE order_id = ANY(%s)
"""


def measure(db: psycopg.Connection, number: int) -> None:
    """Print the two rates. Waits as long as there are workers to wait for."""
    began = time.monotonic()
    placed = []
    for _ in range(number):
        with db.transaction():
            placed.append(orders.place(db, "tea"))
    rate = number / (time.monotonic() - began)
    print(f"placed {number} orders, {rate:.0f} a second, by one connection")
    while db.execute(LEFT + "order_id IS NULL", [placed]).fetchone()[0]:
        time.sleep(0.1)
    done, workers, seconds = db.execute(SERVED, [placed]).fetchone()
    print(f"done by {workers} workers, {(done - 1) / max(float(seconds), 0.001):.1f} a second")


if __name__ == "__main__":
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        measure(connection, int(sys.argv[1]) if len(sys.argv) > 1 else 500)
