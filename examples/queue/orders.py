"""An order and its job, in one transaction: both are there, or neither.

With a queue in another service there would be a moment between the two, and whoever dies in it
leaves an order without a job, or a job for an order that does not exist. The cure for that is to
write the job into a table first, in the same transaction (a "transactional outbox"), and to carry
it over later. Here that table is the queue itself.
"""

from __future__ import annotations

import psycopg
from jobs import invoice


def place(db: psycopg.Connection, item: str) -> int:
    """A new order and its job, in the caller's transaction; the order's number."""
    row = db.execute("INSERT INTO orders (item) VALUES (%s) RETURNING id", [item]).fetchone()
    job = invoice.configure(connection=db).defer(order_id=row[0])
    db.execute("UPDATE orders SET job_id = %s WHERE id = %s", [job, row[0]])
    return int(row[0])
