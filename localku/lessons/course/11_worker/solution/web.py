"""POST /invoices (the body is the customer) asks for an invoice, GET /invoices/ID tells of it."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import invoices
import jobs
import store


class Office(BaseHTTPRequestHandler):
    def do_POST(self):
        customer = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path != "/invoices" or not customer:
            self.answer(404, {"error": "POST /invoices with a customer"})
            return
        db = store.connect()
        invoice = invoices.add(db, customer)
        jobs.add(db, invoice)
        self.answer(202, self.told(invoices.find(db, invoice)))

    def do_GET(self):
        number = self.path.rpartition("/")[2]
        found = invoices.find(store.connect(), number)
        if found is None:
            self.answer(404, {"error": "no such invoice"})
        else:
            self.answer(200, self.told(found))

    def told(self, invoice):
        return dict(zip(("id", "customer", "state", "made_by"), invoice, strict=True))

    def answer(self, status, value):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        """The router logs every request already."""


store.connect()
ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Office)
print("event=ready", flush=True)
server.serve_forever()
