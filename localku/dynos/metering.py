"""Measures the memory of the dynos that have a quota, every 20 seconds as Heroku does.

No quota, no timer: an idle platform is not woken for it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Protocol

from localku.dynos import tree
from localku.dynos.quota import verdict
from localku.dynos.runner import Run
from localku.dynos.spec import DynoSpec

EVERY = 20.0  # seconds (Dev Center, "log-runtime-metrics")
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid: int) -> int:
    """Bytes of `pid` that are in memory; 0 when it is gone (proc(5), statm; elsewhere ps)."""
    try:
        if tree.LINUX:
            with open(f"/proc/{pid}/statm", "rb") as file:
                return int(file.read().split()[1]) * PAGE
        with os.popen(f"ps -o rss= -p {pid}") as pipe:
            return int(pipe.read()) * 1024
    except (OSError, ValueError, IndexError):
        return 0


def memory_of(leader: int, table: dict[int, tree.Proc]) -> int:
    """Bytes that the processes of one run use together."""
    pids = {proc.pid for proc in table.values() if proc.session == leader}
    pids |= {proc.pid for proc in tree.descendants(table, leader)}
    return sum(resident(pid) for pid in pids)


class Metered(Protocol):
    """A dyno, of the formation or a one-off."""

    spec: DynoSpec
    current: Run | None

    @property
    def state(self) -> str: ...
    def log(self, text: str) -> None: ...
    def outgrew(self) -> None: ...


class Metering:
    """Watches the dynos that `runners` gives. every: seconds between two looks."""

    def __init__(self, runners: Callable[[], Iterable[Metered]], every: float = EVERY) -> None:
        self._runners = runners
        self._every = every
        self._timer: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        """Begin to look, if any dyno has a quota; called whenever the dynos change."""
        if self._timer is None and any(runner.spec.memory for runner in self._runners()):
            self._timer = asyncio.get_running_loop().call_later(self._every, self._look)

    def close(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        table = tree.scan()
        for runner in list(self._runners()):
            run = runner.current
            if runner.spec.memory and run is not None and runner.state in ("starting", "up"):
                lines, vast = verdict(memory_of(run.pid, table), runner.spec.memory)
                for line in lines:
                    runner.log(line)
                if vast:
                    runner.outgrew()
        self.arm()
