"""Who gets the dashboard without typing the key: the tokens and tickets of its page.

The law: the page holds a token that opens the API as the key does. It is in the page at once for a
navigation by a browser of this very user on this machine; everybody else exchanges something for
it: the key, or a ticket that `localku dashboard` got over the Unix socket. A ticket is good once,
for a minute, and only for a browser of this user where the kernel tells. No cookies: they do not
know ports, so that every app here would be sent them.
"""

from __future__ import annotations

import asyncio
import os
import secrets

from aiohttp import web

from localku.api import sockowner

LIFETIME = 60.0  # seconds that a ticket is good for
MOST = 20  # tickets at the same time; a new one takes the place of the oldest


class Tickets:
    """Those that were given out and not used, with the loop time at which they end."""

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}

    def give(self, now: float) -> str:
        """A new one."""
        while len(self._ends) >= MOST:
            del self._ends[next(iter(self._ends))]
        ticket = secrets.token_urlsafe(32)
        self._ends[ticket] = now + LIFETIME
        return ticket

    def take(self, ticket: str, now: float) -> bool:
        """Whether it was good; it is not any more."""
        return now < self._ends.pop(ticket, 0.0)


TICKETS = web.AppKey("tickets", Tickets)


def is_navigation(request: web.Request) -> bool:
    """Whether a browser says that it shows the answer as a page of its own (Fetch Metadata). What
    sends no such headers is no browser of today, but a program that somebody may have misled."""
    mode, dest = (request.headers.get(f"Sec-Fetch-{each}") for each in ("Mode", "Dest"))
    return (mode, dest) == ("navigate", "document")


async def client_uid(request: web.Request) -> int | None:
    """The user at the other end, if it is on this machine and the kernel tells (Linux)."""
    theirs, ours = _end(request, "peername"), _end(request, "sockname")
    if theirs is None or ours is None or not sockowner.is_loopback(theirs):
        return None
    return await asyncio.get_running_loop().run_in_executor(None, _look_up, theirs, ours)


def _end(request: web.Request, which: str) -> sockowner.End | None:
    """One end of the connection; None for a Unix socket, and when it is gone."""
    transport = request.transport
    found = transport.get_extra_info(which) if transport is not None else None
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) and found else None


def _look_up(theirs: sockowner.End, ours: sockowner.End) -> int | None:
    for path in sockowner.TABLES:
        try:
            with open(path, encoding="ascii", errors="replace") as file:
                found = sockowner.owner(file.read(), theirs, ours)
        except OSError:
            continue
        if found is not None:
            return found
    return None


async def is_at_home(request: web.Request) -> bool:
    """Whether the page may be given with its token in it."""
    return is_navigation(request) and await client_uid(request) == os.getuid()


async def may_redeem(request: web.Request) -> bool:
    """Whether a ticket may be used from there: the command line of a browser is no secret."""
    return await client_uid(request) in (None, os.getuid())
