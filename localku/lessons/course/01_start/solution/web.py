"""A shop with one till. Web threads hand their sales to the till's thread, and wait for it."""

import os
import queue
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sales = queue.Queue()


def till():
    """Take one sale after another. When it cannot go on, nothing should: end the process."""
    try:
        take_sales()
    except Exception:
        traceback.print_exc()
        os._exit(1)


def take_sales():
    total = 0
    while True:
        price, answer = sales.get()
        total += price
        answer.put(f"sold for {price}, {total} in the till\n")


def sell(price):
    """Hand a sale to the till; what it says, or None if it does not answer."""
    answer = queue.Queue()
    sales.put((price, answer))
    try:
        return answer.get(timeout=1)
    except queue.Empty:
        return None


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.reply(200, "the shop is open: /sell sells, /break breaks the till\n")
        elif self.path == "/sell":
            said = sell(5)
            self.reply(200 if said else 503, said or "the till does not answer\n")
        elif self.path == "/break":
            # Leave this as it is. It stands for the bug that nobody has found yet.
            sales.put(("no number", queue.Queue()))
            self.reply(202, "the till got something that it cannot add\n")
        else:
            self.reply(404, "no such page\n")

    def reply(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


threading.Thread(target=till, daemon=True).start()
print(f"the shop opens, pid {os.getpid()}")
ThreadingHTTPServer(("", int(os.environ["PORT"])), Shop).serve_forever()
