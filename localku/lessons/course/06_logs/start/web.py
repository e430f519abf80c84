"""A tea shop: POST /orders with item=NAME takes an order."""

from __future__ import annotations

import os
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

LOG = open("app.log", "a")


def log(text: str) -> None:
    """Write down what happened, for whoever has to find out tomorrow."""
    LOG.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n")


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        print(f"somebody looked at {self.path}")
        self.answer(200, "POST /orders takes an item.")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if self.path != "/orders" or "item" not in form:
            log(f"refused: POST {self.path}")
            return self.answer(400, "POST /orders takes an item.")
        log(f"ordered: {form['item'][0]}")
        return self.answer(201, "Thank you.")

    def answer(self, status: int, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """The router logs every request already."""


ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Shop).serve_forever()
