"""POST /payments?account=ada&amount=10 asks for a payment; GET /payments/ID and /accounts/NAME."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import bank
import payments


class Desk(BaseHTTPRequestHandler):
    def do_POST(self):
        wish = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        if "account" not in wish or not wish.get("amount", "").isdigit():
            self.answer(422, {"error": "account and amount, please"})
            return
        number = payments.add(payments.connect(), wish["account"], int(wish["amount"]))
        self.answer(202, {"id": number, "state": "waiting"})

    def do_GET(self):
        _, kind, name = (self.path + "//").split("/")[:3]
        if kind == "accounts":
            self.answer(200, {"account": name, "charged": bank.charged(name)})
        elif payment := payments.find(payments.connect(), name):
            self.answer(200, {"id": payment["id"], "state": payment["state"]})
        else:
            self.answer(404, {"error": "no such payment"})

    def answer(self, status, value):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        """The router logs every request already."""


payments.connect()
server = ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Desk)
print("event=ready", flush=True)
server.serve_forever()
