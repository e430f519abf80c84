"""Makes payments, one after another."""

import time

import bank
import payments

db = payments.connect()
print("event=ready", flush=True)
while True:
    payment = payments.take(db)
    if payment is None:
        time.sleep(0.05)
        continue
    # The same key each time that this payment is tried: the bank books it once.
    bank.charge(payment["account"], payment["amount"], key=f"payment-{payment['id']}")
    payments.finish(db, payment["id"])
    print(f"event=paid payment={payment['id']}", flush=True)
