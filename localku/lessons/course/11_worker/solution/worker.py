"""Takes jobs from the queue, one after another. Run as many as you like."""

import time

import invoices
import jobs
import store

IDLE = 0.1  # seconds between two looks at an empty queue

db = store.connect()
print("event=ready", flush=True)
while True:
    invoice = jobs.take(db)
    if invoice is None:
        time.sleep(IDLE)
        continue
    invoices.make(db, invoice)
    jobs.remove(db, invoice)
