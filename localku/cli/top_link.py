"""The control socket of the platform for a program that waits for several things at once: requests
and server-sent events over HTTP/1.0, whose answers have no frames of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from localku.cli.client import ACCEPT, TIMEOUT, no_platform, read_answer
from localku.errors import UserError
from localku.top.events import Event, Events

CHUNK = 1 << 18  # bytes
SILENCE = 15.0  # seconds; somebody who watches is told each second that is over


async def request(socket: str, method: str, target: str, body: object = None) -> object:
    """One exchange; returns the JSON that was answered. Raises UserError."""
    data = b"" if body is None else json.dumps(body).encode()
    async with _asked(socket, method, target, data) as (status, reader):
        try:
            text = await asyncio.wait_for(reader.read(), TIMEOUT)
        except OSError as error:
            raise _went_away(error) from None
        except asyncio.TimeoutError:
            raise _silent() from None
    return read_answer(status, text)


async def events(socket: str, target: str) -> AsyncIterator[list[Event]]:
    """The events of a stream, as they come, until the platform ends it. Raises UserError, also when
    nothing comes for long: then the platform is stopped, or it hangs."""
    parser = Events()
    async with _asked(socket, "GET", target, b"") as (status, reader):
        if status != 200:
            read_answer(max(status, 400), await reader.read())
        while True:
            try:
                piece = await asyncio.wait_for(reader.read(CHUNK), SILENCE)
            except OSError:
                return  # the platform was killed
            except asyncio.TimeoutError:
                raise _silent() from None
            if not piece:
                return
            yield parser.feed(piece)


@asynccontextmanager
async def _asked(
    socket: str, method: str, target: str, data: bytes
) -> AsyncIterator[tuple[int, asyncio.StreamReader]]:
    """The status of the answer, and where the rest of it comes from."""
    head = f"{method} {target} HTTP/1.0\r\nHost: localhost\r\nAccept: {ACCEPT}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    try:
        reader, writer = await asyncio.open_unix_connection(socket, limit=CHUNK)
    except (ConnectionRefusedError, FileNotFoundError):
        raise no_platform() from None
    except OSError as error:
        raise _went_away(error) from None
    try:
        try:
            writer.write(head.encode() + data)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
        except asyncio.TimeoutError:
            raise _silent() from None
        except (OSError, EOFError) as error:
            raise _went_away(error) from None
        yield int(answer.split(None, 2)[1]), reader
    finally:
        writer.close()


def _silent() -> UserError:
    return UserError("the platform does not answer", hint="is it stopped?")


def _went_away(error: Exception) -> UserError:
    return UserError(f"the platform went away: {error or type(error).__name__}")
