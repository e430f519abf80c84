"""The router alone, for measuring: serve_router.py PORT asyncio|hot|uvloop BACKEND_PORT..."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys

from localku.logs.entry import Entry
from localku.router.hot import best_poller
from localku.router.listener import bind
from localku.router.poller import LoopPoller
from localku.router.router import Router
from localku.router.settings import RouterSettings
from localku.router.table import AppRoute, RoutingTable, Upstream


def publish(app: str, entry: Entry) -> None:
    """One write per turn of the loop, with the time in front of every line."""
    stamp = b"2026-11-23T10:00:00.000000+00:00 heroku[router]: "
    os.write(1, stamp + entry.data[:-1].replace(b"\n", b"\n" + stamp) + b"\n")


async def main(port: int, backends: list[int], poller: type) -> None:
    """Serve until SIGTERM."""
    router = Router(RouterSettings(backlog_per_dyno=10_000), publish, poller)
    await router.serve(bind("127.0.0.1", port))
    dynos = (Upstream(f"web.{n}", "127.0.0.1", b, 1) for n, b in enumerate(backends, 1))
    router.replace(RoutingTable(default=AppRoute("bench", tuple(dynos), len(backends))))
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await router.close(0)


def run(kind: str, port: int, backends: list[int]) -> None:
    """On the loop that was asked for."""
    if kind == "uvloop":
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    poller = best_poller if kind == "hot" else LoopPoller
    loop.run_until_complete(main(port, backends, poller))
    loop.close()


if __name__ == "__main__":
    run(sys.argv[2], int(sys.argv[1]), [int(port) for port in sys.argv[3:]])
