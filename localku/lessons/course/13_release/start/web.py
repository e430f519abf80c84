"""A price list: GET /price/tea."""

import os
import sqlite3
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import migrate
import store


class PriceList(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.answer(200, "Ask for /price/tea")
        else:
            self.show_price(self.path.removeprefix("/price/"))

    def show_price(self, item):
        query = "SELECT amount FROM prices WHERE item = ?"
        try:
            row = store.connect().execute(query, (item,)).fetchone()
        except sqlite3.Error as problem:
            self.answer(500, f"database: {problem}")
        else:
            self.answer(200, f"{row[0]} cents" if row else f"no {item}")

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        """The router logs every request already."""


migrate.migrate()
server = ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), PriceList)
print("event=ready", flush=True)
server.serve_forever()
