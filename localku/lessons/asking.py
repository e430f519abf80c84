"""One request through the router, on a connection of its own; whatever fails is an answer, too."""

from __future__ import annotations

import asyncio
import http.client
import io
import time
from collections.abc import Mapping

from localku.lessons.watched import Answer

MOST = 16 << 20  # bytes of an answer


class Received:
    """What http.client takes for a socket: bytes that are all here."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        """Its one use."""
        return io.BytesIO(self._data)


async def ask(
    address: str, port: int, host: str, path: str, method: str, headers: Mapping[str, str],
    body: bytes, within: float,
) -> Answer:  # fmt: skip
    """The answer. host: for its header. within: seconds until it has to be here, whole."""
    lines = {"Host": host, "Connection": "close", "Accept": "*/*"}
    if body or method in ("POST", "PUT", "PATCH"):
        lines["Content-Length"] = str(len(body))
    lines |= headers
    head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items())
    begin = time.monotonic()
    try:
        data = await asyncio.wait_for(
            _exchange(address, port, (head + "\r\n").encode() + body), within
        )
    except asyncio.TimeoutError:
        return _none(f"no answer within {within:g} s", begin)
    except OSError as error:
        return _none(f"no answer: {error.strerror or error}", begin)
    ms = (time.monotonic() - begin) * 1000
    return read(data, method, ms)


async def _exchange(address: str, port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address, port, limit=1 << 20)
    pieces, size = [], 0
    try:
        writer.write(data)
        while size < MOST and (piece := await reader.read(1 << 18)):
            pieces.append(piece)
            size += len(piece)
    except ConnectionError:
        pass  # what came before counts
    finally:
        writer.close()
    return b"".join(pieces)


def read(data: bytes, method: str, ms: float) -> Answer:
    """The answer that these bytes are."""
    if not data:
        return Answer(0, {}, "the connection was closed without an answer", ms)
    response = http.client.HTTPResponse(Received(data), method=method)  # type: ignore[arg-type]
    try:
        response.begin()
        text = response.read()
    except http.client.IncompleteRead as error:
        what = f"the answer was cut off after {len(error.partial)} bytes"
        return Answer(0, {}, what, ms)
    except (http.client.HTTPException, ValueError) as error:
        return Answer(0, {}, f"the answer is no HTTP: {error}", ms)
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        between = "\n" if key == "set-cookie" else ", "
        headers[key] = f"{headers[key]}{between}{value}" if key in headers else value
    return Answer(response.status, headers, text.decode("utf-8", "replace"), ms)


def _none(why: str, begin: float) -> Answer:
    return Answer(0, {}, why, (time.monotonic() - begin) * 1000)
