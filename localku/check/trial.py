"""One private `localku start` over a copy of the app: started, asked, scaled, ended, written down.

The platform is this very interpreter's, with its own home, ports and state; nothing that it starts
outlives `close`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from localku.check import asking, copying, processes, trialfiles
from localku.check.order import Order
from localku.check.record import Answer, Ask, Line, Run, Stop
from localku.check.trialfiles import port_of, read_line, read_sights, touch, write_config
from localku.cli.client import Client
from localku.errors import UserError

_RUNNING = re.compile(r"Running .* on http://localhost:(\d+)")
_UP = "State changed from starting to up"
_STARTING = "Starting process with command"
_EXITED = re.compile(r"Process exited with status (\d+)")
SETTLE = 0.15  # seconds without a line: what was said has arrived
LIMIT = 2 << 20  # bytes of a line


@dataclass
class Trial:
    """A platform that runs. run: what was seen so far. port: the router's."""

    order: Order
    run: Run
    port: int = 0
    proc: asyncio.subprocess.Process | None = None
    before: copying.Snapshot = field(default_factory=dict)
    errors: str = ""
    _news: asyncio.Future[None] | None = None
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    # -- begin and end ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Start it, and wait until it hosts the app. Raises UserError when it refuses."""
        order = self.order
        os.makedirs(order.work, exist_ok=True)
        self.before = copying.snapshot(order.slug)
        self.run.original = frozenset(self.before)
        env_file = os.path.join(order.work, "config.env")
        write_config(env_file, order.config)
        sights = os.path.join(order.work, "sights")
        touch(sights)
        counts = [f"{name}={count}" for name, count in order.formation.items() if order.at_once]
        flags = ["-p", "0", "--api-port", "0", "-m", ",".join(["all=0", *counts]), "-e", env_file]
        flags += ["--format", "json", "--no-pty", "--no-watch", "--no-exit-on-crash", "--no-tls"]
        flags += ["--boot-timeout", f"{order.boot:g}s", "--backoff-first", "0.2s"]
        flags += [
            "--grace",
            f"{order.grace:g}s",
            "--shutdown-grace",
            "1s",
            "--app",
            order.app,
            "--bind",
            "localhost",
        ]
        self.proc = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "localku", "start", "--root", order.slug, *flags),
            cwd=order.work,
            env=dict(order.environ),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LIMIT,
            start_new_session=True,  # Ctrl-C is for us: we end it in peace
        )
        self._readers = [
            asyncio.ensure_future(self._read_lines()),
            asyncio.ensure_future(self._read_errors()),
        ]
        hosted = await self.until(lambda: self.port or self.is_over, 20)
        if not hosted or not self.port:
            last = self.errors.strip().splitlines()
            raise UserError(last[-1].removeprefix("localku: ") if last else "it did not start")

    async def close(self) -> None:
        """End it and wait for it; then write down what its files and hooks say."""
        self.run.ended_at = self.run.ended_at or time.time()
        socket = trialfiles.socket_of(self.order.slug)
        try:
            if self.proc is not None and self.proc.returncode is None:
                self.proc.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(self.proc.wait(), 8)
                except asyncio.TimeoutError:
                    self.proc.kill()
                    await self.proc.wait()
            for reader in self._readers:
                with contextlib.suppress(asyncio.TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(reader, 2)
        finally:
            if self.proc is not None and self.proc.returncode is None:
                self.proc.kill()
            self.kill_left()
            trialfiles.leave_socket(socket, self.order.slug)
            self.run.touched = copying.changes(self.before, copying.snapshot(self.order.slug))
            home = self.order.environ.get("HOME", "")
            self.run.at_home = sorted(copying.snapshot(home)) if home else []
            self.run.sights = read_sights(os.path.join(self.order.work, "sights"))

    def kill_left(self) -> None:
        """End what outlived it: daemons that left their dyno."""
        for process in processes.marked(self.order.mark):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)

    # -- what it says ----------------------------------------------------------------------------

    async def _read_lines(self) -> None:
        if self.proc is None or self.proc.stdout is None:
            return
        async for raw in self.proc.stdout:
            line = read_line(raw)
            if line is None:
                continue
            self.run.lines.append(line)
            if line.source == "app" and line.dyno == "api" and not self.port:
                found = _RUNNING.search(line.message)
                self.port = int(found[1]) if found else 0
            self._tell()
        self._tell()

    def _tell(self) -> None:
        """Something was said: whoever waits looks again."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        self._news = None

    async def _read_errors(self) -> None:
        if self.proc is None or self.proc.stderr is None:
            return
        while data := await self.proc.stderr.read(4096):
            self.errors += data.decode("utf-8", "replace")

    @property
    def is_over(self) -> bool:
        """Whether the platform has ended."""
        return bool(self._readers) and self._readers[0].done()

    async def until(self, holds: Any, patience: float) -> bool:
        """Wait until holds() after some line; False when it does not within patience seconds."""
        end = time.monotonic() + patience
        while not holds():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self._news = self._news or asyncio.get_running_loop().create_future()
            # not wait_for, which can swallow a cancellation before Python 3.12
            await asyncio.wait([self._news], timeout=min(left, 0.25))
        return True

    async def settle(self, most: float = 2.0) -> None:
        """Wait until nothing was said for a moment."""
        end = time.monotonic() + most
        count = -1
        while count != len(self.run.lines) and time.monotonic() < end:
            count = len(self.run.lines)
            await asyncio.sleep(SETTLE)

    # -- dynos -----------------------------------------------------------------------------------

    def heroku(self, dyno: str) -> list[Line]:
        """What the platform said of a dyno."""
        return [each for each in self.run.lines if each.source == "heroku" and each.dyno == dyno]

    def ups(self, dyno: str) -> int:
        """How often it came up."""
        return sum(line.message == _UP for line in self.heroku(dyno))

    def exits(self, dyno: str) -> list[Line]:
        """The ends of its runs."""
        return [line for line in self.heroku(dyno) if _EXITED.match(line.message)]

    async def until_up(self, dynos: list[str], patience: float, times: int = 1) -> list[str]:
        """Wait until all of them are up; returns those that are not. One that crashed twice without
        coming up is not waited for."""

        def missing() -> list[str]:
            return [dyno for dyno in dynos if self.ups(dyno) < times]

        def decided() -> bool:
            return self.is_over or all(len(self.exits(dyno)) > times for dyno in missing())

        end = time.monotonic() + patience
        while not await self.until(lambda: not missing() or decided(), 1.0):
            self.look()  # who listens elsewhere is seen only while it lives
            if time.monotonic() > end:
                break
        return missing()

    def note_boots(self, dynos: list[str]) -> None:
        """Write down how long each boot of them took."""
        for dyno in dynos:
            began = 0.0
            for line in self.heroku(dyno):
                if line.message.startswith(_STARTING):
                    began = line.time
                elif line.message == _UP and began:
                    self.run.boots.append(line.time - began)
                    began = 0.0

    def look(self) -> None:
        """Write down its processes, where they listen and to whom they are connected."""
        self.run.can_see_processes = processes.LINUX
        found = processes.marked(self.order.mark)
        self.run.processes = found or self.run.processes
        self.run.listeners = processes.listeners(found) or self.run.listeners
        known = {*self.run.connections, *processes.connections(found)}
        self.run.connections = sorted(known)
        for process in found:
            self.run.ports[process.dyno] = port_of(process.pid)

    def pids(self, dyno: str) -> list[int]:
        """The processes of a dyno now."""
        return [each.pid for each in processes.marked(self.order.mark) if each.dyno == dyno]

    async def ask(self, wanted: Ask, jar: dict[str, str]) -> Answer:
        """Ask through the router; what comes back sets cookies of the jar."""
        self.run.traffic_at = self.run.traffic_at or time.time()
        answer = await asking.ask(self.port, wanted, jar, "localhost")
        jar.update(answer.cookies)
        self.run.answers.append(answer)
        return answer

    async def ask_dyno(self, dyno: str, wanted: Ask) -> Answer:
        """Ask a dyno itself, past the router."""
        return await asking.ask(self.run.ports.get(dyno, 0), wanted, {}, self._host(dyno))

    async def api(self, method: str, path: str, body: object = None) -> Any:
        """Ask the Platform API. Raises UserError."""
        client = Client(trialfiles.socket_of(self.order.slug), self.order.app)
        return await asyncio.to_thread(client.request, method, client.at() + path, body)

    def note_release(self) -> list[str]:
        """Write down what the release phase made below the slug, and count from here on."""
        after = copying.snapshot(self.order.slug)
        self.run.released = copying.changes(self.before, after)
        self.before = after
        return self.run.released

    async def scale(self, formation: Mapping[str, int]) -> None:
        """Run so many dynos of each type. Raises UserError."""
        updates = [{"type": name, "quantity": count} for name, count in formation.items()]
        if updates:
            await self.api("PATCH", "/formation", {"updates": updates})

    async def term(self, dyno: str, wanted: Ask | None, after: float) -> Stop:
        """Have the platform restart a dyno (SIGTERM to all of its processes), a moment (after,
        seconds) after a request was sent straight to it; then see when it ends."""
        count = len(self.exits(dyno))
        asked: asyncio.Task[Answer] | None = None
        sent = time.time()
        if wanted is not None and self.run.ports.get(dyno):
            asked = asyncio.ensure_future(self.ask_dyno(dyno, wanted))
            await asyncio.sleep(after)
        await self.api("DELETE", f"/dynos/{dyno}")
        await self.until(lambda: len(self.exits(dyno)) > count, self.order.grace + 5)
        answer = await asked if asked is not None else None
        signalled, took, status = self._ending(dyno, count)
        in_hand = answer is not None and sent < signalled < sent + answer.took
        return Stop(dyno, took, self.order.grace, status, answer, in_hand)

    def _ending(self, dyno: str, count: int) -> tuple[float, float | None, int | None]:
        """When SIGTERM came (seconds since 1970) before the exit number `count` of a dyno; seconds
        until that, None for one that had to be killed (R12) or goes on; and its exit status."""
        began, number = 0.0, 0
        for line in self.heroku(dyno):
            found = _EXITED.match(line.message)
            if line.message.startswith("Stopping all processes with SIGTERM"):
                began = line.time
            elif "Error R12" in line.message and number == count:
                return began, None, None
            elif found and number == count:
                return began, max(0.0, line.time - began) if began else None, int(found[1])
            elif found:
                number, began = number + 1, 0.0
        return began, None, None

    def _host(self, dyno: str) -> str:
        for each in self.run.listeners:
            if each.dyno == dyno and each.port == self.run.ports.get(dyno):
                return "::1" if each.host == "::1" else "127.0.0.1"
        return "127.0.0.1"


@contextlib.asynccontextmanager
async def running(order: Order) -> AsyncIterator[Trial]:
    """A trial from its start to its end, whatever happens in between. Raises UserError."""
    run = Run(
        slug=order.slug,
        commands=dict(order.commands),
        formation=dict(order.formation),
        config=dict(order.config),
    )
    trial = Trial(order, run)
    try:
        await trial.start()
        yield trial
    finally:
        await asyncio.shield(asyncio.ensure_future(trial.close()))
