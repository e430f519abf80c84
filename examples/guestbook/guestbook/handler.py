"""One connection: reads requests strictly, asks the app, sends each answer in a single write."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from email.message import Message
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import cast
from urllib.parse import unquote

from guestbook import log, messages
from guestbook.messages import HttpError, Request, Response
from guestbook.server import Server
from guestbook.store import Store

IDLE_SECONDS = 95.0  # between requests: longer than the router's 90 s
READ_SECONDS = 10.0  # within a request: who is slower is cut off
WRITE_SECONDS = 30.0
MAX_LINE = 8192  # bytes of a request line, as Heroku's router has it
MAX_BODY = 64 * 1024
MAX_IGNORED = 1024 * 1024  # of a body that was refused: read, so that the client sees the answer
IGNORE_SECONDS = 1.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with keep-alive. A subclass sets `app`, `store` and `dyno`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # TCP_NODELAY: a small answer leaves at once
    timeout = IDLE_SECONDS
    app: Callable[[Request], Response]
    store: Store
    dyno: str

    def handle_one_request(self) -> None:
        """Reads a request and answers it; sets `close_connection` when it was the last."""
        server = cast(Server, self.server)
        self.close_connection = True
        if not server.mark_idle(self.connection):
            return
        try:
            self.raw_requestline = self.rfile.readline(MAX_LINE + 1)
            server.mark_busy(self.connection)
            if not self.raw_requestline:
                return
            self.began, self.arrived_ms = time.perf_counter(), time.time() * 1000
            # What the log line names if this request, unlike the one before, cannot be read.
            self.command, self.path, self.headers = "", "", Message()
            self.request_id = messages.request_id(None)
            self.connection.settimeout(READ_SECONDS)
            if len(self.raw_requestline) > MAX_LINE:
                self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            elif self.parse_request():
                self._answer(server)
            self.connection.settimeout(IDLE_SECONDS)
        except (TimeoutError, ConnectionError):
            self.close_connection = True  # nobody is there to be told

    def _answer(self, server: Server) -> None:
        self.request_id = messages.request_id(self.headers.get("X-Request-ID"))
        try:
            request = self._read_request()
        except HttpError as problem:
            self.send_error(problem.status, problem.message)
            return
        response = self.app(request)
        self.close_connection |= server.is_draining or response.chunks is not None
        self._send(response)

    def _read_request(self) -> Request:
        if self.headers.defects or not all(map(_TOKEN.fullmatch, self.headers)):
            raise HttpError(400, "A header line cannot be read.")
        path, _, query = self.path.partition("?")
        return Request(
            method=self.command,
            path=unquote(path, errors="replace"),
            query=messages.parse_query(query),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._read_body(),
            request_id=self.request_id,
        )

    def _read_body(self) -> bytes:
        length = body_length(self.headers)
        if length > MAX_BODY:
            raise HttpError(413, f"Send at most {MAX_BODY} bytes.")
        if length and self.headers.get("Expect", "").lower() == "100-continue":
            self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.rfile.read(length) if length else b""
        if len(body) < length:
            raise ConnectionError("the client left in the middle of a body")
        return body

    def _send(self, response: Response) -> None:
        self.connection.settimeout(WRITE_SECONDS)
        is_head = self.command == "HEAD"
        head = self._head(response)
        sent = len(response.body) if not is_head else 0
        try:
            self.connection.sendall(head if is_head else head + response.body)
            if response.chunks is not None and not is_head:
                for chunk in response.chunks:
                    self.connection.sendall(chunk)
                    sent += len(chunk)
        finally:
            self._log(response.status, sent)

    def _head(self, response: Response) -> bytes:
        lines = [
            f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
            f"Date: {formatdate(usegmt=True)}",
            f"Content-Type: {response.content_type}",
            f"X-Request-ID: {self.request_id}",
            f"X-Dyno: {self.dyno}",
            *(f"{name}: {value}" for name, value in response.headers),
            f"Connection: {'close' if self.close_connection else 'keep-alive'}",
        ]
        if response.chunks is None and response.status != HTTPStatus.NOT_MODIFIED:
            lines.append(f"Content-Length: {len(response.body)}")
        return "\r\n".join((*lines, "\r\n")).encode("latin-1")

    def _log(self, status: int, sent: int) -> None:
        fields: dict[str, object] = {
            "method": self.command or "-",
            "path": self.path or "-",
            "status": status,
            "bytes": sent,
            "request_id": self.request_id,
            "measure#web.request": log.milliseconds(time.perf_counter() - self.began),
            "measure#db.query": log.milliseconds(self.store.take_seconds()),
        }
        start = self.headers.get("X-Request-Start", "")
        if start.isascii() and start.isdigit():
            # What the router and the queue in front of this process cost, before we were asked.
            waited = max(0.0, self.arrived_ms - int(start[:15]))
            fields["measure#web.queue"] = log.milliseconds(waited / 1000)
        log.info("request", **fields)

    def handle_expect_100(self) -> bool:
        """Nothing yet: a body is asked for once its length is known to be welcome."""
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers a request that cannot be read, and closes the connection: nobody knows where
        the next request begins."""
        self.close_connection = True
        status = HTTPStatus(code)
        self._send(messages.json_response({"error": message or status.phrase}, status))
        self._ignore_rest()

    def _ignore_rest(self) -> None:
        # To close with unread bytes in the buffer would reset the connection, and may take the
        # answer with it; so a little more is read, for a moment.
        left, deadline = MAX_IGNORED, time.monotonic() + IGNORE_SECONDS
        try:
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and (seconds := deadline - time.monotonic()) > 0:
                self.connection.settimeout(seconds)
                if not (chunk := self.connection.recv(65536)):
                    break
                left -= len(chunk)
        except OSError:
            pass  # silence or a reset: either way there is no more to read


def body_length(headers: Message) -> int:
    """The length of a request's body in bytes. Raises HttpError 400 or 411.

    Strict, because what one reader takes for the body another takes for the next request
    (RFC 9112, section 6.3).
    """
    lengths = set(headers.get_all("Content-Length", []))
    if headers.get("Transfer-Encoding") is not None:
        raise HttpError(411, "Send a Content-Length: this server takes no chunked body.")
    if not lengths:
        return 0
    text = lengths.pop()
    if lengths or not (text.isascii() and text.isdigit()):
        raise HttpError(400, "The Content-Length cannot be read.")
    return int(text[:18])
