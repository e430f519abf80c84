"""When is a web dyno bound? Asked as Heroku asks: by connecting to its port.

Looks often at first and then ten times a second, only while a dyno boots.
"""

from __future__ import annotations

import asyncio
import socket

HOSTS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
FIRST, FACTOR, LONGEST = 0.005, 1.3, 0.1  # seconds between looks


async def connects(family: int, host: str, port: int) -> bool:
    """Whether somebody accepts connections at that address."""
    loop = asyncio.get_running_loop()
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return False
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, (host, port))
        # in the ephemeral range a socket can meet itself (RFC 9293 3.5, simultaneous open)
        return bool(sock.getsockname()[:2] != sock.getpeername()[:2])
    except OSError:
        return False
    finally:
        sock.close()


async def until_bound(port: int) -> str:
    """Wait until `port` accepts connections on loopback; returns the address that did.

    Some servers bind `localhost`, which can be ::1 alone, so both are tried.
    """
    pause = FIRST
    while True:
        for family, host in HOSTS:
            if await connects(family, host, port):
                return host
        await asyncio.sleep(pause)
        pause = min(pause * FACTOR, LONGEST)


async def until_healthy(host: str, port: int, path: str, patience: float) -> None:
    """Wait until GET `path` answers, within `patience` seconds, with a status below 400."""
    while not await _answers(host, port, path, patience):
        await asyncio.sleep(LONGEST)


async def _answers(host: str, port: int, path: str, patience: float) -> bool:
    try:
        return await asyncio.wait_for(_get(host, port, path), patience) < 400
    except (OSError, ValueError, IndexError, asyncio.TimeoutError):
        return False


async def _get(host: str, port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()
