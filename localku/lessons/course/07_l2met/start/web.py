"""A tea shop that packs: POST /orders with packets=N packs N packets, 20 ms each."""

from __future__ import annotations

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

DYNO = os.environ["DYNO"]
PACKET = 0.02  # seconds that a packet takes
MOST = 50  # packets of an order

counting = threading.Lock()
in_hand = 0  # orders that this dyno is packing right now


def pack(packets: int) -> None:
    """Pack an order, and say how it went."""
    global in_hand
    with counting:
        in_hand += 1
        busy = in_hand
    begin = time.monotonic()
    time.sleep(packets * PACKET)
    seconds = time.monotonic() - begin
    with counting:
        in_hand -= 1
    say(f"Packed {packets} packets in {seconds:.3f} seconds, {busy} orders in hand")


def say(text: str) -> None:
    """A line of the log, in one write, so that those of two threads do not mix."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200, "POST /orders takes a number of packets.")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        packets = form.get("packets", [""])[0]
        if self.path != "/orders" or not packets.isdecimal() or not 1 <= int(packets) <= MOST:
            return self.answer(400, f"POST /orders takes 1 to {MOST} packets.")
        pack(int(packets))
        return self.answer(201, f"Packed by {DYNO}.")

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
