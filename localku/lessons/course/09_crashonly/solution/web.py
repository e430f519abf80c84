"""A stock book: POST /sell/A00042 takes one from the shelf, GET /stock/A00042 says what is left."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DATA = Path(os.environ["DATA"])
STOCK = DATA / "stock.json"
PATH = re.compile(r"/(sell|stock)/(A\d{5})")

one_at_a_time = threading.Lock()


def save() -> None:
    """Write the whole book beside the old one, and put it in its place in one step."""
    draft = STOCK.with_suffix(".new")
    with open(draft, "w") as file:
        json.dump(stock, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, STOCK)


def open_book() -> dict[str, dict[str, int]]:
    """The book as it was left, or a new one: 20,000 articles, a thousand of each."""
    if STOCK.exists():
        return json.loads(STOCK.read_text())
    return {f"A{n:05}": {"shelf": n // 100, "left": 1000} for n in range(20_000)}


class Shop(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        match = PATH.fullmatch(self.path)
        if match is None or match[1] != "sell" or match[2] not in stock:
            return self.answer(404, "POST /sell/A00042 sells one.")
        article = stock[match[2]]
        with one_at_a_time:
            if not article["left"]:
                return self.answer(409, "Sold out.")
            article["left"] -= 1
            save()
        return self.answer(200, f"{article['left']}")

    def do_GET(self) -> None:
        match = PATH.fullmatch(self.path)
        if match is None or match[1] != "stock" or match[2] not in stock:
            return self.answer(404, "GET /stock/A00042 says what is left.")
        return self.answer(200, f"{stock[match[2]]['left']}")

    def answer(self, status: int, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """The router logs every request already."""


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
stock = open_book()
ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Shop).serve_forever()
