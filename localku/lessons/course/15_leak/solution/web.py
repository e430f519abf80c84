"""Finds the best offer for a word: GET /best/WORD."""

import os
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import catalogue

# The newest results, and no more of them than the quota has room for: 16 MB at most.
search = lru_cache(maxsize=16)(catalogue.search)


class Finder(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/best/"):
            word = self.path.removeprefix("/best/")
            self.answer(200, search(word).partition(" ")[0])
        else:
            self.answer(404, "GET /best/WORD")

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
server = ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Finder)
print("event=ready", flush=True)
server.serve_forever()
