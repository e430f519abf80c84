"""A shop: its own pages, and prices that a partner knows."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import partner

PATIENCE = float(os.environ.get("PARTNER_TIMEOUT", "0.5"))  # seconds; far below the router's


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
            price = partner.price(item, timeout=PATIENCE)
        except KeyError:
            self.answer(404, f"We have no {item}.")
        except TimeoutError:
            print(f"event=partner_timeout item={item} count#partner.timeout=1", flush=True)
            self.answer(503, f"We do not know the price of {item} now; please ask later.")
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


ThreadingHTTPServer.request_queue_size = 128
server = ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Shop)
print("event=ready", flush=True)
server.serve_forever()
