"""Where `localku simulate` and `localku plan` take service times from: a law, a file, stdin, a load
report, or the router's lines of the running app."""

from __future__ import annotations

import argparse
import json
import socket
import sys
import urllib.parse

from localku.cli.client import USAGE, Client, Options, as_object, connect
from localku.cli.streaming import CHUNK, Stream
from localku.errors import UserError
from localku.logs.stream import HISTORY_LINES
from localku.simulate import wording
from localku.simulate.laws import Law
from localku.simulate.predict import as_law
from localku.simulate.samples import Sample, read_load, read_text

RUNNING = "the running app"


def add_flags(parser: Options) -> None:
    """--service, --from-logs, --from-load, --unqueue and --concurrency."""
    parser.add_argument("--service", default="")
    parser.add_argument("--from-logs", nargs="?", const=RUNNING, default="", metavar="FILE")
    parser.add_argument("--from-load", default="", metavar="FILE")
    parser.add_argument("--unqueue", action="store_true")
    parser.add_argument("--concurrency", default="1")


def read(options: argparse.Namespace, concurrency: int) -> tuple[Law, str, list[str]]:
    """The law, where it is from, and what to know before trusting it. Raises UserError."""
    given = [flag for flag in ("service", "from_logs", "from_load") if getattr(options, flag)]
    if len(given) > 1:
        raise UserError("one of --service, --from-logs and --from-load is enough", status=USAGE)
    if options.service:
        try:
            law = wording.law(options.service)
        except ValueError as error:
            raise UserError(str(error), where="--service", status=USAGE) from None
        return law, law.name, []
    sample = _sample(options, concurrency)
    if not sum(sample.times):
        raise UserError("all service times are 0 ms", where=sample.source)
    return as_law(sample.times), sample.source, sample.remarks(concurrency)


def _sample(options: argparse.Namespace, concurrency: int) -> Sample:
    if options.from_load:
        where = options.from_load
        try:
            return read_load(as_object(json.loads(_text(where))))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"no load report: {error}", where=where) from None
    where = options.from_logs or RUNNING
    text = _lines(_client(options)) if where == RUNNING else _text(where)
    try:
        return read_text(text, concurrency, options.unqueue)
    except ValueError as error:
        hint = "send it some requests first" if where == RUNNING else "localku logs -p router"
        raise UserError(str(error), where=where, hint=hint) from None


def _client(options: argparse.Namespace) -> Client:
    """The way to the running app, whose times are taken when nothing else is said. UserError."""
    try:
        return connect(options)
    except UserError as error:
        if options.from_logs:
            raise
        hint = "start it, or say what requests take: --service 'exp(30ms)'"
        raise UserError(error.message, hint=hint) from None


def _text(path: str) -> str:
    """What is in a file; `-` is stdin. Raises UserError."""
    if path == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError as error:
        raise UserError(f"{error.strerror or error}", where=path) from None


def _lines(client: Client) -> str:
    """The router's lines in the history of the app. Raises UserError."""
    wish = {"lines": HISTORY_LINES, "tail": False, "dyno": "router"}
    session = as_object(client.request("POST", client.at("log-sessions"), wish))
    path = urllib.parse.urlsplit(str(session.get("logplex_url"))).path
    stream = Stream(client.path, f"{path}?format=heroku")
    data = stream.rest + _rest(stream.socket)
    return data.decode("utf-8", "replace")


def _rest(sock: socket.socket) -> bytes:
    parts = []
    try:
        while data := sock.recv(CHUNK):
            parts.append(data)
    except OSError:
        pass  # the platform ended: what came is all there is
    finally:
        sock.close()
    return b"".join(parts)
