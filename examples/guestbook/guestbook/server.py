"""HTTP/1.1 on a port of our own, with the standard library (factor VII): one thread a connection.

The limits are chosen for life behind Heroku's router. An idle connection is kept for longer than
the router keeps its own (90 s, "HTTP Routing"), so that it is the router who closes it and never
finds it closed. On SIGTERM (factor IX) the port is closed, requests in hand are answered, idle
connections end, and the process leaves: at once when nothing is in hand, and within DRAIN_SECONDS,
well inside the 30 s after which the platform kills (R12).
"""

from __future__ import annotations

import select
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from guestbook import log
from guestbook.process import Stop

MAX_CONNECTIONS = 256  # each costs a thread; one more is told to come back later
DRAIN_SECONDS = 25.0
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 22\r\n"
    b"Retry-After: 1\r\nConnection: close\r\n\r\nToo many connections.\n"
)


class Server(ThreadingHTTPServer):
    """Accepts until it is told to stop, then lets the requests in hand end."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: Callable[..., Any]) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self._lock = threading.Condition()
        self._open = 0
        self._idle: set[socket.socket] = set()
        self.is_draining = False
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Binds, without asking DNS for this machine's name, as HTTPServer would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def serve_until(self, stop: Stop) -> None:
        """Serves; returns when `stop` was asked for and the port is closed."""
        self.socket.setblocking(False)
        while True:
            ready, _, _ = select.select([self.fileno(), stop.reader], [], [])
            if stop.reader in ready:
                break
            try:
                connection, client = self.get_request()
            except OSError:
                continue  # the client left before we came to it
            self._take(connection, client)
        self.server_close()

    def drain(self, seconds: float = DRAIN_SECONDS) -> bool:
        """Waits until every connection has ended; False when some are left after `seconds`."""
        deadline = time.monotonic() + seconds
        with self._lock:
            self.is_draining = True
            for connection in self._idle:
                # A request that has arrived but was not read yet is still read, and answered.
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    pass  # it has just ended by itself
            return self._lock.wait_for(lambda: not self._open, deadline - time.monotonic())

    @property
    def open_connections(self) -> int:
        """How many connections there are."""
        return self._open

    def mark_idle(self, connection: socket.socket) -> bool:
        """A handler is about to wait for a request; False when it should not."""
        with self._lock:
            if not self.is_draining:
                self._idle.add(connection)
            return not self.is_draining

    def mark_busy(self, connection: socket.socket) -> None:
        """A request has arrived."""
        with self._lock:
            self._idle.discard(connection)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection from its first request to its last, in a thread of its own."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open -= 1
                self._idle.discard(request)
                self._lock.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs what escaped from a handler: one line, not a traceback on stderr."""
        problem = sys.exc_info()[1]
        if not isinstance(problem, (ConnectionError, TimeoutError)):
            log.error("connection_failed", problem)

    def _take(self, connection: socket.socket, client: Any) -> None:
        with self._lock:
            is_full = self._open >= MAX_CONNECTIONS
            self._open += not is_full
        if is_full:
            log.warning("connection_refused", why="full", limit=MAX_CONNECTIONS)
            connection.setblocking(False)
            try:
                connection.send(_FULL)
            except OSError:
                pass  # it left before it could be told
            self.shutdown_request(connection)
            return
        try:
            self.process_request(connection, client)
        except RuntimeError:  # no thread could be started
            self.handle_error(connection, client)
            self.shutdown_request(connection)
            with self._lock:
                self._open -= 1
