"""The web process: which address does what. It keeps nothing between two requests (factor VI)."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from guestbook import assets, cookies, digests, entries, forms, jobs, log, pages, process, stream
from guestbook.config import Config, ConfigError, address
from guestbook.handler import Handler
from guestbook.messages import HttpError, Request, Response, json_response
from guestbook.server import Server
from guestbook.store import Store, Unavailable

PAGE = 20  # entries
MAX_SLOW_MS = 120_000
_LAST_ID = 2**62
_HTML_HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)


class App:
    """From a request to a response. All that it holds is config and the way to the database."""

    def __init__(self, config: Config, store: Store, stop: process.Stop, port: int) -> None:
        self.config, self.store, self.stop, self.port = config, store, stop, port
        self.routes: dict[str, dict[str, Callable[[Request], Response]]] = {
            "/": {"GET": self.book},
            "/entries": {"POST": self.sign},
            "/api/entries": {"GET": self.api_entries, "POST": self.sign},
            "/stream": {"GET": self.stream},
            "/healthz": {"GET": self.health},
            "/slow": {"GET": self.slow},
            **{f"/static/{name}": {"GET": assets.serve} for name in assets.names()},
        }

    def __call__(self, request: Request) -> Response:
        """Answers every request; what goes wrong becomes an answer too, and a line in the log."""
        try:
            return self._find(request)(request)
        except HttpError as problem:
            return self._error(request, problem)
        except Unavailable as problem:
            log.error("database_unavailable", problem, request_id=request.request_id)
            text = "The database does not answer. Please try again in a moment."
            return self._error(request, HttpError(503, text, (("Retry-After", "2"),)))
        except Exception as problem:
            log.error("request_failed", problem, request_id=request.request_id)
            return self._error(request, HttpError(500, "Something went wrong on our side."))

    def book(self, request: Request) -> Response:
        """GET / : the page."""
        author = cookies.read(request.headers.get("cookie", ""), self.config.secret_key)
        return self._book(request, forms.Draft(author, "", {}))

    def sign(self, request: Request) -> Response:
        """POST /entries or /api/entries: a new entry, and the job that checks it."""
        kind = request.headers.get("content-type", "")
        draft = forms.read_draft(forms.read_fields(kind, request.body))
        as_json = request.wants_json
        if draft.errors:
            if as_json:
                return json_response({"errors": dict(draft.errors)}, 422)
            return self._book(request, draft, 422)
        with self.store.writing() as db:
            entry = entries.add(db, draft.author, draft.message, time.time(), request.request_id)
        log.info("signed", entry=entry.id, request_id=request.request_id)
        if as_json:
            return json_response(pages.entry_json(entry), 201)
        # Post, redirect, get: a reload of the page that follows does not sign again.
        secure = request.headers.get("x-forwarded-proto") == "https"
        cookie = cookies.write(entry.author, self.config.secret_key, secure)
        return Response(303, headers=(("Location", f"/#entry-{entry.id}"), ("Set-Cookie", cookie)))

    def api_entries(self, request: Request) -> Response:
        """GET /api/entries?limit=&before= : the entries, the newest first."""
        limit = request.whole_number("limit", default=PAGE, low=1, high=100)
        before = request.whole_number("before", default=_LAST_ID, low=1, high=_LAST_ID)
        with self.store.reading() as db:
            found = entries.page(db, limit, before)
        return json_response([pages.entry_json(entry) for entry in found])

    def stream(self, request: Request) -> Response:
        """GET /stream : new entries as server-sent events, from `Last-Event-ID` or `since` on."""
        last = request.headers.get("last-event-id", "")
        since: int | None = None
        if last.isascii() and last.isdigit():
            since = int(last[:18])
        elif "since" in request.query:
            since = request.whole_number("since", default=0, low=0, high=_LAST_ID)
        events = stream.events(self.store, self.config, self.stop, since)
        no_store = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
        return Response(200, b"", "text/event-stream", no_store, events)

    def health(self, request: Request) -> Response:
        """GET /healthz : whether this process and its database work, and which process it is."""
        with self.store.reading() as db:
            db.execute("SELECT 1").fetchone()
        me = {"dyno": self.config.dyno, "port": self.port, "pid": os.getpid()}
        return json_response({"status": "ok", **me})

    def slow(self, request: Request) -> Response:
        """GET /slow?ms=2000 : what a report made inside a web process does to everyone else.

        From 30000 on, the router has given up before us (H12)."""
        ms = request.whole_number("ms", default=1000, low=0, high=MAX_SLOW_MS)
        time.sleep(ms / 1000)
        return json_response({"slept_ms": ms, "dyno": self.config.dyno})

    def _find(self, request: Request) -> Callable[[Request], Response]:
        methods = self.routes.get(request.path)
        if methods is None:
            raise HttpError(404, "There is nothing at this address.")
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            allowed = ", ".join([*methods, "HEAD"] if "GET" in methods else methods)
            raise HttpError(405, f"Use {allowed} here.", (("Allow", allowed),))
        return handler

    def _book(self, request: Request, draft: forms.Draft, status: int = 200) -> Response:
        before = request.whole_number("before", default=_LAST_ID, low=1, high=_LAST_ID)
        with self.store.reading() as db:
            since = entries.last_seq(db)  # first: a change in between is then sent again
            found = entries.page(db, PAGE + 1, before)
            total, _ = entries.count(db)
            due, set_aside = jobs.depth(db)
            digest = digests.latest(db)
        shown = found[:PAGE]
        book = pages.Book(
            title=self.config.title,
            entries=shown,
            total=total,
            jobs=due,
            set_aside=set_aside,
            digest=digest,
            older=f"/?before={shown[-1].id}" if len(found) > PAGE else "",
            is_first="before" not in request.query,
            since=since,
        )
        body = pages.book_page(book, draft, self._answerer(request))
        return Response(status, body, headers=_HTML_HEADERS)

    def _answerer(self, request: Request) -> pages.Answerer:
        dyno, release = self.config.dyno, self.config.release
        return pages.Answerer(dyno, self.port, os.getpid(), release, request.request_id)

    def _error(self, request: Request, problem: HttpError) -> Response:
        if request.wants_json:
            response = json_response({"error": problem.message}, problem.status)
        else:
            body = pages.error_page(problem.status, problem.message, request.request_id)
            response = Response(problem.status, body, headers=_HTML_HEADERS)
        return replace(response, headers=response.headers + problem.headers)


def serve(config: Config, store: Store, stop: process.Stop) -> None:
    """Answers requests until `stop`, and then those that are in hand."""
    try:
        host, port = address(os.environ)
        server = Server((host, port), Handler)
    except ConfigError as problem:
        process.fail(str(problem))
    except OSError as problem:
        process.fail(f"cannot listen on {host}:{port}: {problem.strerror}")
    Handler.app = App(config, store, stop, server.server_port)
    Handler.store, Handler.dyno = store, config.dyno
    log.info("web_started", host=host, port=server.server_port, pid=os.getpid())
    server.serve_until(stop)
    log.info("web_draining", signal=stop.signal)
    is_empty = server.drain()
    log.info("web_stopped", cut=0 if is_empty else server.open_connections)
    if not is_empty:
        # Threads that still write would trip over the interpreter as it takes itself apart.
        sys.stdout.flush()
        os._exit(0)


def main() -> None:
    """`python3 -m guestbook.web`"""
    with process.running() as (config, store, stop):
        serve(config, store, stop)


if __name__ == "__main__":
    main()
