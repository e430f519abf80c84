"""Invoices: asking for one is quick, making one is slow."""

import os
import time

SECONDS = 0.3  # to draw a PDF, sign it and send it


def add(db, customer):
    """A new invoice that is still to be made; its id."""
    return db.execute("INSERT INTO invoices (customer) VALUES (?)", (customer,)).lastrowid


def make(db, invoice):
    """Make the invoice of this id."""
    time.sleep(SECONDS)
    dyno = os.environ["DYNO"]
    db.execute("UPDATE invoices SET state = 'done', made_by = ? WHERE id = ?", (dyno, invoice))
    print(
        f"event=invoice_made invoice={invoice} measure#invoice={SECONDS * 1000:.0f}ms", flush=True
    )


def find(db, invoice):
    """(id, customer, state, made_by) of an invoice, or None."""
    return db.execute("SELECT * FROM invoices WHERE id = ?", (invoice,)).fetchone()
