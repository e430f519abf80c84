"""Searches a catalogue of books: GET /search/WORDS."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import catalogue


class Library(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/search/"):
            self.answer(200, catalogue.search(self.path.removeprefix("/search/")))
        else:
            self.answer(404, "GET /search/WORDS")

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
server = HTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Library)
print("event=ready", flush=True)
server.serve_forever()
