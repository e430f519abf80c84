"""A shop that listens on the port that it is given."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        text = f"hello from {os.environ.get('DYNO', 'nowhere')}\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


port = int(os.environ["PORT"])
server = ThreadingHTTPServer(("", port), Shop)
print(f"listening on port {port}")
server.serve_forever()
