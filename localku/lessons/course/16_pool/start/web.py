"""A shop: each page needs one query. /state tells of the database's connections."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pool
import toydb


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/state":
            self.answer(200, json.dumps(toydb.state()))
        else:
            self.show()

    def show(self):
        try:
            with pool.connection() as db:
                self.answer(200, db.query(self.path))
        except toydb.TooManyConnections as problem:
            print(f"event=error path={self.path} problem={str(problem)!r}", flush=True)
            self.answer(500, str(problem))

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
