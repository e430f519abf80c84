"""The members' page of a club: POST /login with name=NAME, then / greets you."""

from __future__ import annotations

import base64
import hmac
import os
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SECRET = os.environ["SECRET_KEY"].encode()


def log_in(name: str) -> str:
    """Begin a session for a member: the name and our signature, for the browser's cookie."""
    payload = base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")
    return f"{payload}.{sign(payload)}"


def who(cookie: str) -> str | None:
    """The member that a cookie belongs to, or None if the signature is not ours."""
    payload, _, signature = cookie.partition(".")
    if not hmac.compare_digest(signature.encode(), sign(payload).encode()):
        return None
    return base64.urlsafe_b64decode(payload + "==").decode()


def sign(payload: str) -> str:
    """What only somebody who knows SECRET_KEY can write under a payload."""
    return hmac.new(SECRET, payload.encode(), "sha256").hexdigest()


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if urlsplit(self.path).path != "/":
            return self.answer(404, "No such page.")
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        name = who(cookie.value) if cookie else None
        if name is None:
            return self.answer(401, "Please log in.")
        return self.answer(200, f"Hello {name}! This is {os.environ['DYNO']}.")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if self.path != "/login" or "name" not in form:
            return self.answer(400, "POST /login takes a name.")
        cookie = f"session={log_in(form['name'][0])}; Path=/; HttpOnly; SameSite=Lax"
        return self.answer(200, "You are logged in.", cookie)

    def answer(self, status: int, text: str, cookie: str = "") -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """The router logs every request already."""


ThreadingHTTPServer((os.environ.get("HOST", ""), int(os.environ["PORT"])), Page).serve_forever()
