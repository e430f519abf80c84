"""Finds the best offer for a word: GET /best/WORD."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import catalogue

found = {}


def search(word):
    if word not in found:
        found[word] = catalogue.search(word)
    return found[word]


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
