"""A shop: its own pages, and prices that a partner knows."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import partner


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.answer(200, "Welcome to the shop.")
        elif self.path.startswith("/price/"):
            self.show_price(self.path.removeprefix("/price/"))
        else:
            self.answer(404, "No such page.")

    def show_price(self, item):
        try:
            price = partner.price(item)
        except KeyError:
            self.answer(404, f"We have no {item}.")
        else:
            self.answer(200, f"{item} costs {price}")

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        """The router logs every request already."""


HTTPServer.request_queue_size = 128
server = HTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Shop)
print("event=ready", flush=True)
server.serve_forever()
