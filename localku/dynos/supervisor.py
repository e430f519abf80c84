"""All dynos of one app: makes what runs equal to what the formation says, and keeps its one-offs.

`apply` takes the wanted specs and starts, stops or restarts the difference; each dyno's own life
is its runner's business. One writer per fact: only this task changes a dyno's state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from localku.dynos import process
from localku.dynos.backoff import BackoffPolicy
from localku.dynos.early import EarlyRun
from localku.dynos.hub import InitHub
from localku.dynos.oneoff import OneOff, Order
from localku.dynos.runner import Run, Runner
from localku.dynos.spec import DynoSpec
from localku.logs.entry import Entry

# waits before a dyno of that name counts as bound
Hold = Callable[[str], Awaitable[None]]


class Supervisor:
    """Runs dynos through one init process.

    publish: takes every log entry. on_change: called when any dyno's state changed.
    on_crash: called with (dyno, status) when a dyno ended by itself.
    """

    def __init__(
        self,
        hub: InitHub,
        *,
        publish: Callable[[Entry], None],
        on_change: Callable[[], None],
        on_crash: Callable[[str, int], None],
        backoff: BackoffPolicy,
        partial_after: float = 0.1,
        size: tuple[int, int] = (24, 80),
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.hub = hub
        self.init = hub.init
        self.publish = publish
        self.on_change = on_change
        self.on_crash = on_crash
        self.backoff = backoff
        self.partial_after = partial_after
        self.size = size
        self.paused = False
        self.preboot = False  # web dynos that are up serve until their successor is up
        self.ports = hub.ports
        self.holds: list[Hold] = []
        self.runners: dict[str, Runner] = {}
        self.oneoffs: dict[str, OneOff] = {}
        self._runs: dict[int, tuple[Runner | OneOff, Run]] = {}
        self._awaited: dict[Runner, Runner] = {}  # successor -> the one that it relieves
        self._relieved: set[Runner] = set()  # they end, while their name is another's already
        self._settled = asyncio.Event()
        self._settled.set()

    def adopt(self, early: Iterable[EarlyRun]) -> None:
        """Take over the runs that were spawned before the event loop; they used keys 1, 2, …"""
        for run in early:
            self.ports.claim(run.port)
            runner = Runner(run.spec, self)
            self.runners[run.spec.name] = runner
            runner.adopt(self.next_key(), run.port, run.terminal)

    def apply(self, specs: Iterable[DynoSpec], *, refresh: bool = False) -> None:
        """Make these the running dynos. Those whose spec changed restart; the others are left be.

        refresh: crashed ones start again too (a new config ends a cool-off).
        """
        wanted = {spec.name: spec for spec in specs}
        for name, runner in list(self.runners.items()):
            if name not in wanted and not runner.leaving:
                runner.stop()
        for name, spec in wanted.items():
            existing = self.runners.get(name)
            if existing is None:
                self.runners[name] = Runner(spec, self)
                self.runners[name].start()
            else:
                self._update(existing, spec, refresh)
        self._sweep()

    def _update(self, runner: Runner, spec: DynoSpec, refresh: bool) -> None:
        changed = runner.spec.differs(spec)
        if changed and self._can_be_relieved(runner):
            self._relieve(runner, spec)
            return
        runner.respec(spec)
        if runner.leaving:
            runner.start()
        elif changed or (refresh and runner.state == "crashed"):
            runner.restart()

    def restart(self, runner: Runner) -> None:
        """Restart a dyno; with preboot, a web dyno that is up serves until the new run is up."""
        if self._can_be_relieved(runner):
            self._relieve(runner, runner.spec)
        else:
            runner.restart()

    def _can_be_relieved(self, runner: Runner) -> bool:
        return self.preboot and runner.spec.binds and runner.state == "up" and not runner.leaving

    def _relieve(self, old: Runner, spec: DynoSpec) -> None:
        """Preboot (Dev Center, "Preboot"): overlap the old run of a web dyno with its new one."""
        new = Runner(spec, self)
        self.runners[spec.name] = new
        self._awaited[new] = old
        new.start()

    def run(self, order: Order) -> OneOff:
        """Start a one-off dyno, whose name nobody has; it is in `oneoffs` while it lives."""
        oneoff = self.oneoffs[order.spec.name] = OneOff(order, self)
        oneoff.start()
        return oneoff

    @property
    def serving(self) -> list[Runner]:
        """All dynos that requests may go to: those whose successor is not up yet among them."""
        return [*self.runners.values(), *self._awaited.values()]

    def pause(self, paused: bool) -> None:
        """Stop or go on reading the dynos' output (the console's back-pressure)."""
        self.paused = paused
        for _, run in self._runs.values():
            if run.pump is not None:
                run.pump.pause() if paused else run.pump.resume()

    def resize(self, rows: int, columns: int) -> None:
        """The terminal has another size: so have the dynos' (SIGWINCH reaches them)."""
        self.size = (rows, columns)
        for runner, run in self._runs.values():
            if run.terminal.path and isinstance(runner, Runner):  # a one-off has its client's size
                process.resize_pty(run.terminal.output, rows, columns)

    async def shut_down(self, grace: float, *, at_most: bool = False) -> None:
        """Stop all dynos; returns when nothing of them is left. grace: seconds until SIGKILL.

        at_most: a dyno whose own grace is shorter has that.
        """
        for runner in self._all():
            runner.stop(min(grace, runner.spec.grace) if at_most else grace)
        self._sweep()
        await self._settled.wait()

    def kill(self) -> None:
        """End all dynos at once."""
        for runner in self._all():
            runner.kill()

    def leaders(self) -> list[int]:
        """The sessions of all runs."""
        return [run.pid for _, run in self._runs.values() if run.pid]

    def abandon(self) -> None:
        """There is nothing left to supervise: init and all that it ran are gone."""
        self.runners.clear()
        self.oneoffs.clear()
        self._awaited.clear()
        self._relieved.clear()
        self._settled.set()

    def _all(self) -> list[Runner | OneOff]:
        formation = (*self.runners.values(), *self._awaited.values(), *self._relieved)
        return [*formation, *self.oneoffs.values()]

    # -- for the runners -----------------------------------------------------------------------

    def next_key(self) -> int:
        """A key for a new run."""
        return self.hub.next_key(self)

    def track(self, run: Run, runner: Runner | OneOff) -> None:
        """Events of this run are for that runner."""
        self._runs[run.key] = (runner, run)

    def forget(self, key: int) -> None:
        """The run with that key is gone."""
        self._runs.pop(key, None)
        self.hub.forget(key)

    def changed(self, runner: Runner) -> None:
        """A runner's state may be another."""
        if runner in self._awaited and (runner.state == "up" or runner.leaving):
            self.loop.call_soon(self._take_over, runner)
        self._sweep()
        self.on_change()

    def _take_over(self, new: Runner) -> None:
        """The new run is up (or is not wanted any more): the old one may go."""
        old = self._awaited.pop(new, None)
        if old is not None:
            self._relieved.add(old)
            self.on_change()
            old.stop()

    def oneoff_changed(self, oneoff: OneOff) -> None:
        """A one-off dyno's state may be another."""
        if oneoff.ended and self.oneoffs.get(oneoff.name) is oneoff:
            del self.oneoffs[oneoff.name]
        self._sweep()
        self.on_change()

    def crashed(self, runner: Runner, status: int) -> None:
        """A runner's dyno ended by itself."""
        self.on_crash(runner.spec.name, status)

    # -- events --------------------------------------------------------------------------------

    def event(self, message: tuple[object, ...]) -> None:
        """One event of the init process about a run of ours."""
        found = self._runs.get(message[1])  # type: ignore[call-overload]
        if found is not None:
            runner, run = found
            runner.event(run, message)

    def _sweep(self) -> None:
        for name in [n for n, r in self.runners.items() if r.leaving and r.ended]:
            del self.runners[name]
        self._relieved -= {runner for runner in self._relieved if runner.ended}
        if self._all():
            self._settled.clear()
        else:
            self._settled.set()
