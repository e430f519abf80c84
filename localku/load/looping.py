"""The event loop of a load test: uvloop's if it is installed (`localku[fast]`), else asyncio's."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
SPARE = 64  # descriptors for all but the connections
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(main: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run main(stop) to its end. stop is set by SIGINT, SIGTERM and SIGHUP; they do nothing else,
    so that a second one does not spoil what has to be put back."""
    loop = new_loop()
    try:
        asyncio.set_event_loop(loop)
        stop = asyncio.Event()
        for number in SIGNALS:
            loop.add_signal_handler(number, stop.set)
        return loop.run_until_complete(_all(main, stop))
    finally:
        try:
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


async def _all(main: Callable[[asyncio.Event], Awaitable[T]], stop: asyncio.Event) -> T:
    return await main(stop)


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest loop; LOCALKU_LOAD_LOOP=asyncio has the standard one."""
    if os.environ.get("LOCALKU_LOAD_LOOP") != "asyncio":
        try:
            import uvloop
        except ImportError:
            pass
        else:
            loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
            return loop
    return asyncio.new_event_loop()


def make_room(connections: int) -> int:
    """Raise the limit of open files as far as so many connections need it and the system lets us;
    returns how many connections there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
        except (ValueError, OSError):
            pass
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - SPARE))
