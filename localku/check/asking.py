"""Requests to a running app: a script of them, and the pages that are linked from `/`."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import time
import urllib.parse
from collections.abc import Iterable

from localku.check.record import Answer, Ask
from localku.errors import UserError

MOST_BYTES = 512 * 1024
PATIENCE = 8.0  # seconds for one answer
SILENCE = 1.5  # seconds without a byte, after the first, end an answer (a stream of events)
MOST_PAGES = 10
_LINK = re.compile(r"""\b(?:href|src)\s*=\s*["']?([^"'#\s>]+)""", re.I)
_SAFE = "/?&=#%:;,+@!$'()*~[]|"  # of a path that is sent as it was written
_HARMFUL = re.compile(r"log-?out|sign-?out|delete|destroy|remove|shutdown|unsubscribe", re.I)


async def ask(port: int, wanted: Ask, cookies: dict[str, str], host: str = "127.0.0.1") -> Answer:
    """Ask once, with these cookies; never raises for what the app does."""
    return await asyncio.to_thread(_ask, port, wanted, cookies, host)


def _ask(port: int, wanted: Ask, cookies: dict[str, str], host: str) -> Answer:
    answer = Answer(wanted)
    began = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        headers = {"Accept": "text/html,*/*", "User-Agent": "localku-doctor", "Connection": "close"}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = None
        if wanted.body:
            is_json = wanted.body.lstrip()[:1] in ("{", "[")
            kind = "application/json" if is_json else "application/x-www-form-urlencoded"
            headers["Content-Type"] = kind
            body = wanted.body.encode()
        path = urllib.parse.quote(wanted.path, safe=_SAFE)
        connection.request(wanted.method, path, body, headers)
        sock = connection.sock  # which a response without keep-alive takes along
        response = connection.getresponse()
        answer.status = response.status
        answer.kind = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
        answer.location = response.getheader("Location") or ""
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            answer.cookies[name.strip()] = value.strip()
        answer.body = _body(response, sock, answer, began)
    except (OSError, http.client.HTTPException, ValueError) as error:
        answer.error = str(error) or type(error).__name__
    finally:
        connection.close()
    answer.took = time.monotonic() - began
    return answer


def _body(
    response: http.client.HTTPResponse,
    sock: socket.socket,
    answer: Answer,
    began: float,
) -> str:
    parts = []
    size = 0
    sock.settimeout(SILENCE)
    try:
        while size < MOST_BYTES and time.monotonic() < began + PATIENCE:
            part = response.read1(65536)
            if not part:
                break
            parts.append(part)
            size += len(part)
        else:
            answer.cut = True
    except TimeoutError:
        answer.cut = True
    return b"".join(parts).decode("utf-8", "replace")


def links(answer: Answer, origin: str) -> list[str]:
    """Paths of the same origin that an HTML page links to, in their order; none that ends a session
    or removes something by its name. origin: `localhost:5006`."""
    if "html" not in answer.kind:
        return []
    found: dict[str, None] = {}
    base = f"http://{origin}{answer.ask.path}"
    for link in _LINK.findall(answer.body):
        url = _joined(base, link.replace("&amp;", "&"))
        if (
            url is not None
            and url.scheme == "http"
            and url.netloc == origin
            and not _HARMFUL.search(url.path)
        ):
            found[urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))] = None
    return list(found)


def _joined(base: str, link: str) -> urllib.parse.SplitResult | None:
    """Where a link leads; None for one that nobody can follow."""
    try:
        return urllib.parse.urlsplit(urllib.parse.urljoin(base, link))
    except ValueError:
        return None


async def crawl(port: int, paths: Iterable[str]) -> list[Answer]:
    """Ask for these paths and what their pages link to, with a jar of cookies; at most MOST_PAGES
    more than the paths."""
    jar: dict[str, str] = {}
    waiting = list(dict.fromkeys(paths))
    most = len(waiting) + MOST_PAGES
    seen: dict[str, Answer] = {}
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        answer = await ask(port, Ask(path), jar, "localhost")
        seen[path] = answer
        jar.update(answer.cookies)
        found = links(answer, f"localhost:{port}")
        if answer.location:
            url = _joined(f"http://localhost:{port}{path}", answer.location)
            if url is not None and url.netloc == f"localhost:{port}":
                found.insert(0, urllib.parse.urlunsplit(("", "", url.path, url.query, "")))
        waiting += [each for each in found if each not in seen and each not in waiting]
    return list(seen.values())


def read_script(text: str, name: str) -> list[Ask]:
    """A request a line: `PATH`, or `METHOD PATH [BODY]`; `#` begins a comment. Raises UserError."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(None, 2)
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("/") and len(words) == 1:
            found.append(Ask(words[0]))
        elif words[0].isalpha() and len(words) > 1 and words[1].startswith("/"):
            found.append(Ask(words[1], words[0].upper(), words[2] if len(words) > 2 else ""))
        else:
            what = "a request is written as `PATH` or `METHOD PATH BODY`"
            raise UserError(what, where=f"{name}:{number}")
    if not found:
        raise UserError("there is no request in it", where=name)
    return found
