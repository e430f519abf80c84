"""A shop with a name, and an admin page for who knows the token."""

import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

with open("settings.json") as file:
    settings = json.load(file)
NAME = settings["name"]
TOKEN = settings["token"]


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/":
            self.reply(200, f"Welcome to {NAME}\n")
        elif self.path == "/admin":
            given = self.headers.get("Authorization", "")
            if hmac.compare_digest(given.encode(), f"Bearer {TOKEN}".encode()):
                self.reply(200, "3 lamps sold today\n")
            else:
                self.reply(403, "for the owner only\n")
        else:
            self.reply(404, "no such page\n")

    def reply(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


ThreadingHTTPServer(("", int(os.environ["PORT"])), Shop).serve_forever()
