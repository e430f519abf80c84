"""Carries out what one dyno's lifecycle decides: spawning, timers, the port, the output.

It decides nothing by itself. One runner is one name (`web.1`) for as long as it is in the
formation; each run of it has a key, a terminal and a port of its own.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Protocol

from localku.dynos import effects, probe, process, rites
from localku.dynos import lifecycle as life
from localku.dynos.backoff import BackoffPolicy
from localku.dynos.ports import PortBook
from localku.dynos.spec import DynoSpec, environment
from localku.logs.entry import Entry
from localku.logs.lines import LineSplitter
from localku.logs.pump import Pump
from localku.logs.secrets import hidden
from localku.logs.words import sentence

SIGNALS = {
    "TERM": (rites.SIGTERM, rites.SIGCONT),
    "KILL": (rites.SIGKILL,),
    "HUP": (rites.SIGHUP, rites.SIGCONT),
}


class Run:
    """What one run of a dyno holds."""

    __slots__ = (
        *(
            "host",
            "id",
            "key",
            "number",
            "pid",
            "port",
            "pump",
            "release",
            "started_at",
            "terminal",
        ),
    )

    def __init__(self, number: int, key: int, port: int, terminal: process.Terminal) -> None:
        self.number = number
        self.key = key
        self.port = port
        self.terminal = terminal
        self.id = str(uuid.uuid4())
        self.release = 0
        self.pump: Pump | None = None
        self.host = ""
        self.pid = 0
        self.started_at = 0.0  # seconds since the epoch; 0 until it is spawned


class Host(Protocol):
    """What a runner needs of its supervisor."""

    loop: asyncio.AbstractEventLoop
    init: process.InitClient
    ports: PortBook
    paused: bool
    size: tuple[int, int]
    backoff: BackoffPolicy
    partial_after: float
    holds: list[Callable[[str], Awaitable[None]]]

    def publish(self, entry: Entry) -> None: ...
    def next_key(self) -> int: ...
    def track(self, run: Run, runner: Runner) -> None: ...
    def forget(self, key: int) -> None: ...
    def changed(self, runner: Runner) -> None: ...
    def crashed(self, runner: Runner, status: int) -> None: ...


class Runner:
    """One dyno. `state` and `since` are what the API shows."""

    def __init__(self, spec: DynoSpec, host: Host) -> None:
        self.spec = spec
        self.host = host
        self.life = life.Lifecycle(binds=spec.binds, timing=self._timing(spec))
        self.current: Run | None = None
        self.changed_at = time.time()
        self._seen = self.life.state, self.life.run  # those of changed_at
        self.leaving = False
        self._timers: dict[effects.Timer, asyncio.TimerHandle] = {}
        self._probe: asyncio.Task[None] | None = None
        self._adopted: Run | None = None
        self._do: dict[type, Callable[..., None]] = {
            effects.Log: lambda effect: self.log(effect.text),
            effects.Spawn: lambda effect: self._spawn(effect.run),
            effects.Watch: lambda effect: self._watch(),
            effects.Signal: lambda effect: self._signal(effect.name),
            effects.Arm: lambda effect: self._arm(effect.timer, effect.seconds),
            effects.Disarm: lambda effect: self._disarm(effect.timer),
            effects.Crashed: lambda effect: self.host.crashed(self, effect.status),
        }

    @property
    def state(self) -> str:
        """Heroku's word: starting, up, crashed, down."""
        return self.life.state

    @property
    def ended(self) -> bool:
        """Nothing runs and nothing will by itself."""
        return self.life.phase is life.Phase.DOWN

    def _timing(self, spec: DynoSpec) -> life.Timing:
        return life.Timing(boot=spec.boot, grace=spec.grace, backoff=self.host.backoff)

    # -- orders --------------------------------------------------------------------------------

    def start(self) -> None:
        """Run it."""
        self.leaving = False
        self._apply(self.life.start(self._now()))

    def adopt(self, key: int, port: int, terminal: process.Terminal) -> None:
        """Run it: its first run has been spawned before the event loop was there."""
        self._adopted = Run(1, key, port, terminal)
        self.start()

    def restart(self, why: str = "Restarting") -> None:
        """Stop it and run it again. why: as the log has it."""
        self._apply(self.life.restart(self._now(), why))

    def stop(self, grace: float | None = None) -> None:
        """Stop it for good. grace: seconds in place of its own."""
        self.leaving = True
        self._apply(self.life.stop(self._now(), grace))

    def kill(self) -> None:
        """End it at once."""
        self.leaving = True
        self._apply(self.life.kill())

    def respec(self, spec: DynoSpec) -> None:
        """Run something else from the next run on."""
        self.spec = spec
        self.life.retime(self._timing(spec))

    def belongs_to(self, release: int) -> None:
        """Its present run is of that release, which was not known yet when it was spawned."""
        self.spec.release = release
        if self.current is not None:
            self.current.release = release

    def outgrew(self) -> None:
        """Its memory passed twice the quota."""
        self._apply(self.life.outgrew(self.life.run))

    # -- events of init ------------------------------------------------------------------------

    def event(self, run: Run, message: tuple[object, ...]) -> None:
        """One event of one of its runs."""
        kind, number = message[0], run.number
        if kind == "spawned":
            run.pid = int(message[2])  # type: ignore[call-overload]
            run.started_at = float(message[3])  # type: ignore[arg-type]
            shown = self.spec.shown(run.port)
            self._apply(self.life.spawned(number, shown), run.started_at)
            self._listen(run)
        elif kind == "exited":
            self._drain(run)
            status, left = int(message[2]), int(message[4])  # type: ignore[call-overload]
            self._apply(self.life.exited(number, status, left))
        elif kind == "failed":
            self._release(run)
            self._apply(self.life.failed(number, self._now(), str(message[2])))
        elif kind == "gone":
            self._release(run)
            self._apply(self.life.gone(number, self._now()))
        elif kind == "uncapped":
            self.log(f"Running without its cap: {message[2]}")

    # -- effects -------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.host.loop.time()

    def _apply(self, wanted: list[effects.Effect], when: float | None = None) -> None:
        for effect in wanted:
            if isinstance(effect, effects.Log):
                self.log(effect.text, when)
            else:
                self._do[type(effect)](effect)
        if self.life.phase is not life.Phase.STARTING:
            self._stop_looking()
        seen = self.life.state, self.life.run
        if seen != self._seen:
            self._seen = seen
            self.changed_at = time.time()
        if wanted:
            self.host.changed(self)

    def log(self, text: str, when: float | None = None) -> None:
        """A line of `heroku[web.1]`."""
        moment = time.time() if when is None else when
        shown = sentence(hidden(text, self.spec.env))
        self.host.publish(Entry(moment, "heroku", self.spec.name, shown))

    def _spawn(self, number: int) -> None:
        run, self._adopted = self._adopted, None
        self.current = run if run is not None else self._order(number)
        self.current.release = self.spec.release
        self.host.track(self.current, self)

    def _order(self, number: int) -> Run:
        spec, host = self.spec, self.host
        port = host.ports.take(spec.port)
        key = host.next_key()
        try:
            terminal = process.open_pty(*host.size) if spec.pty else process.open_pipe()
        except OSError as error:
            # not from within the lifecycle's own turn: it is told as an event like any other
            failure = ("failed", key, error.strerror)
            run = Run(number, key, port, process.Terminal(-1, [], ""))
            host.loop.call_soon(self.event, run, failure)
            return run
        env = environment(spec, port)
        order = process.order(key, spec.command, env, spec.cwd, terminal)
        host.init.confine(order, spec)
        host.init.spawn(order)
        return Run(number, key, port, terminal)

    def _listen(self, run: Run) -> None:
        name = self.spec.name

        def emit(data: bytes, continues: bool) -> None:
            self.host.publish(Entry(time.time(), "app", name, data, continues))

        run.pump = Pump(
            self.host.loop,
            run.terminal.output,
            LineSplitter(strip_cr=bool(run.terminal.path)),
            emit,
            partial_after=self.host.partial_after,
            close_fd=False,
        )
        if self.host.paused:
            run.pump.pause()

    def _drain(self, run: Run) -> None:
        """What the app said last comes before what is said of its end."""
        if run.pump is not None:
            run.pump.drain()

    def _release(self, run: Run) -> None:
        if run.pump is not None:
            run.pump.close()
            run.pump = None
        run.terminal.close()
        self.host.forget(run.key)
        self.host.ports.give_back(run.port)

    def _signal(self, name: str) -> None:
        if self.current is not None:
            self.host.init.signal(self.current.key, SIGNALS[name])

    def _arm(self, timer: effects.Timer, seconds: float) -> None:
        self._disarm(timer)
        self._timers[timer] = self.host.loop.call_later(seconds, self._ring, timer)

    def _disarm(self, timer: effects.Timer) -> None:
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()

    def _ring(self, timer: effects.Timer) -> None:
        del self._timers[timer]
        self._apply(self.life.rang(timer, self._now()))

    # -- the port ------------------------------------------------------------------------------

    def _watch(self) -> None:
        self._stop_looking()
        if self.current is not None:
            self._probe = self.host.loop.create_task(self._look(self.current))

    async def _look(self, run: Run) -> None:
        run.host = await probe.until_bound(run.port)
        for hold in tuple(self.host.holds):
            await hold(self.spec.name)
        if self.spec.health:
            patience = self.spec.health_timeout
            await probe.until_healthy(run.host, run.port, self.spec.health, patience)
        self._probe = None
        self._apply(self.life.bound(run.number))

    def _stop_looking(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None
