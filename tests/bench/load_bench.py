"""The load generator: what a request costs it, what it can hold, what it sees of a frozen server.

    python tests/bench/load_bench.py [--rounds 5] [--seconds 3] [--check]
    python tests/bench/load_bench.py --only cost,rate,idle,freeze,histogram

cost: CPU per request of `localku load` and of hey, in turns, on the same server (backend.c): closed
loop with 64 connections each, and the open loop at 20,000 requests/s. rate: 20,000 requests/s held
with uvloop and 10,000 with plain asyncio, in one process. idle: share of a core at 200 requests/s,
and how late it was. freeze: a server that stands still for 1 s in 10, seen by the open loop and by
the closed one. histogram: the error of percentiles. The generator runs as `localku load URL`, in
a process of its own, its CPU measured by the kernel (wait4), start and report included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from router_peers import start_backends

from localku.metrics.histogram import Histogram

LOCALKU = str(Path(sys.executable).with_name("localku"))
CONNECTIONS = 64
SERVICE, FREEZE = 0.010, 1.0  # seconds

Line = tuple[str, bool]


def spent(command: list[str], env: dict[str, str] | None = None) -> tuple[str, float]:
    """What a command printed, and the CPU seconds of it and its threads."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL, env={**os.environ, **(env or {})}
        )
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        out.seek(0)
        return out.read().decode(), usage.ru_utime + usage.ru_stime


def load(port: int, *argv: str, loop: str = "uvloop") -> tuple[dict[str, Any], float]:
    """One step of `localku load`, and CPU seconds of the whole command."""
    url = f"http://127.0.0.1:{port}/tiny"
    text, cpu = spent(
        [LOCALKU, "load", url, "--json", "--warmup", "0s", *argv], {"LOCALKU_LOAD_LOOP": loop}
    )
    return json.loads(text)["steps"][0], cpu


def hey(port: int, seconds: int) -> tuple[float, float]:
    """Requests a second and µs of CPU per request of hey."""
    url = f"http://127.0.0.1:{port}/tiny"
    text, cpu = spent(["hey", "-z", f"{seconds}s", "-c", str(CONNECTIONS), url])
    rate = float(text.split("Requests/sec:")[1].split()[0])
    return rate, cpu / (rate * seconds) * 1e6


def ours(port: int, seconds: int, loop: str, *argv: str) -> tuple[float, float]:
    """The same of `localku load`: the CPU of the whole command, its start included."""
    step, cpu = load(port, "--duration", f"{seconds}s", *argv, loop=loop)
    return step["achieved"], cpu / step["requests"] * 1e6


def cost(port: int, options: argparse.Namespace) -> list[Line]:
    """CPU per request beside hey's."""
    if not shutil.which("hey"):
        return [("hey is not installed (apt-get install hey)", True)]
    closed = ("--connections", str(CONNECTIONS))
    peers: dict[str, Callable[[], tuple[float, float]]] = {
        "hey": lambda: hey(port, options.seconds),
        "closed, uvloop": lambda: ours(port, options.seconds, "uvloop", *closed),
        "closed, asyncio": lambda: ours(port, options.seconds, "asyncio", *closed),
        "open 20k/s, uvloop": lambda: ours(port, options.seconds, "uvloop", "--rate", "20000"),
    }
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    for at in range(options.rounds):
        names = list(peers)
        for name in [*names[at % len(names) :], *names[: at % len(names)]]:
            runs[name].append(peers[name]())
    lines = []
    for name, found in runs.items():
        ratios = [us / other for (_, us), (_, other) in zip(found, runs["hey"], strict=True)]
        us = statistics.median(us for _, us in found)
        rate = statistics.median(rate for rate, _ in found)
        ratio = statistics.median(ratios)
        spread = f"({min(ratios):.2f}-{max(ratios):.2f})"
        text = f"{name:20} {us:6.1f} µs a request, {ratio:.2f} of hey's {spread}, {rate:,.0f}/s"
        lines.append((text, ratio <= 1))
    return lines


def rate(port: int, options: argparse.Namespace) -> list[Line]:
    """The rates that are held."""
    lines = []
    for loop, wanted in (("uvloop", 20_000), ("asyncio", 10_000)):
        best: tuple[float, str] = (-1.0, "")
        for _ in range(options.rounds):
            argv = ("--rate", str(wanted), "--duration", f"{options.seconds}s")
            step, _ = load(port, *argv, loop=loop)
            share = step["achieved"] / step["offered"]
            late, p99 = step["generator"]["late_p99"], step["latency"]["p99"]
            text = (
                f"{wanted:,}/s with {loop}: {step['achieved']:,.0f} of {step['offered']:,.0f},"
                f" {step['generator']['cpu']:.0%} of a core, late p99 {late:.2f} ms,"
                f" p99 {p99:.2f} ms, machine {step['machine']['cpu']:.0%}"
            )
            print(f"    {text}", flush=True)
            best = max(best, (share, text))
        lines.append((best[1], best[0] >= 0.99))
    return lines


def idle(port: int, options: argparse.Namespace) -> list[Line]:
    """What it takes at 200 requests/s."""
    lines = []
    for loop in ("uvloop", "asyncio"):
        found = []
        for _ in range(options.rounds):
            step, _ = load(port, "--rate", "200", "--duration", f"{options.seconds}s", loop=loop)
            found.append((step["generator"]["cpu"], step["generator"]["late_p99"]))
        cpu, late = (statistics.median(each) for each in zip(*found, strict=True))
        each = " ".join(f"{cpu:.1%}/{late:.2f}" for cpu, late in found)
        text = f"200/s with {loop}: {cpu:.1%} of a core, late p99 {late:.2f} ms (rounds: {each})"
        lines.append((text, cpu < 0.03 and late < 1.0))
    return lines


class Frozen(threading.Thread):
    """A server in a thread of its own: SERVICE seconds an answer, and FREEZE seconds in 10 it
    stands still."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.port = 0
        self.ready = threading.Event()

    def run(self) -> None:
        """Serve for ever."""
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._start = self._loop.time()
        self.ready.set()
        await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                since = (self._loop.time() - self._start) % 10
                frozen = 5 + FREEZE - since if 5 <= since < 5 + FREEZE else 0.0
                await asyncio.sleep(frozen + SERVICE)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def freeze(port: int, options: argparse.Namespace) -> list[Line]:
    """The frozen server, by both loops."""
    server = Frozen()
    server.start()
    server.ready.wait()
    lines = []
    for name, argv in (
        ("open, 50/s", ("--rate", "50", "--constant")),
        ("closed, 1 connection", ("--connections", "1")),
    ):
        step, _ = load(server.port, "--duration", "10s", *argv)
        spread = step["latency"]
        text = (
            f"{name}: p50 {spread['p50']:.1f}, p90 {spread['p90']:.1f}, p99 {spread['p99']:.1f} ms"
        )
        is_open = name.startswith("open")
        good = spread["p99"] > 800 * FREEZE if is_open else spread["p99"] < 3 * SERVICE * 1000
        lines.append((text, good))
    return lines


def histogram(port: int, options: argparse.Namespace) -> list[Line]:
    """The worst error of percentiles, of four shapes."""
    rng = random.Random(1)
    worst = 0.0
    for draw in (
        lambda: rng.expovariate(1e-4),
        lambda: rng.lognormvariate(9, 1.5),
        lambda: rng.uniform(1, 1e6),
        lambda: rng.paretovariate(1.2) * 1000,
    ):
        values = [max(int(draw()), 1) for _ in range(100_000)]
        found = Histogram()
        found.record_whole(values)
        values.sort()
        for share in (0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999):
            exact = values[int(len(values) * share)]
            worst = max(worst, abs(found.quantile(share) - exact) / exact)
    return [(f"worst error of a percentile: {worst:.2%}", worst <= 0.01)]


PARTS = {"cost": cost, "rate": rate, "idle": idle, "freeze": freeze, "histogram": histogram}


def main() -> int:
    """Run the parts; 1 when a promise is missed and --check asks for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    missed = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, ports = start_backends(stack, folder)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        for name in options.only.split(","):
            print(name, flush=True)
            for text, is_kept in PARTS[name](ports[0], options):
                print(f"  {'ok    ' if is_kept else 'MISSED'} {text}", flush=True)
                missed += not is_kept
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
