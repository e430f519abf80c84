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
    bank.charge(payment["account"], payment["amount"])
    payments.finish(db, payment["id"])
    print(f"event=paid payment={payment['id']}", flush=True)
