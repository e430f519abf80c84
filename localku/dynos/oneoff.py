"""A one-off dyno: one run of one command, for a client that is attached to it or for the log.

What it decides is in oneoff_life; here it is carried out. Attached, its output goes to the client
and nowhere else, as on Heroku; detached, it goes into the log stream.
"""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from typing import Protocol

from localku.dynos import effects, process
from localku.dynos.line import Client, Line
from localku.dynos.oneoff_life import OneOffLife, Phase, Times
from localku.dynos.ports import PortBook
from localku.dynos.runner import SIGNALS, Run
from localku.dynos.spec import DynoSpec
from localku.logs.entry import Entry
from localku.logs.lines import LineSplitter
from localku.logs.pump import Pump
from localku.logs.secrets import hidden
from localku.logs.words import sentence

FORWARDED = {"INT": signal.SIGINT, "QUIT": signal.SIGQUIT, "TERM": signal.SIGTERM}


class Order:
    """What is wanted. spec: env is complete but for PORT. size: what the API shows.

    tty: an attached one has a pty. bash: its path, or "". takes_port: it has a port of its own,
    near that of the spec; otherwise it is inside another dyno and the env has its port.
    """

    def __init__(
        self,
        spec: DynoSpec,
        *,
        size: str,
        attached: bool,
        tty: bool,
        times: Times,
        bash: str = "",
        takes_port: bool = True,
        window: tuple[int, int] = (24, 80),
    ) -> None:
        self.spec = spec
        self.size = size
        self.attached = attached
        self.tty = tty
        self.times = times
        self.bash = bash
        self.takes_port = takes_port
        self.window = window  # rows and columns, until the client tells others


class Host(Protocol):
    """What a one-off dyno needs of its supervisor."""

    loop: asyncio.AbstractEventLoop
    init: process.InitClient
    ports: PortBook
    paused: bool
    partial_after: float

    def publish(self, entry: Entry) -> None: ...
    def next_key(self) -> int: ...
    def track(self, run: Run, runner: OneOff) -> None: ...
    def forget(self, key: int) -> None: ...
    def oneoff_changed(self, oneoff: OneOff) -> None: ...


class OneOff:
    """`state` and `changed_at` are what the API shows; `id` is the run's."""

    def __init__(self, order: Order, host: Host) -> None:
        self.order = order
        self.spec = order.spec
        self.name = order.spec.name
        self.host = host
        self.life = OneOffLife(order.times)
        self.id = str(uuid.uuid4())
        self.created_at = self.changed_at = time.time()
        self.current: Run | None = None
        self._client: Client | None = None
        self._line: Line | None = None
        self._why = ""
        self._timers: dict[effects.Timer, asyncio.TimerHandle] = {}

    @property
    def state(self) -> str:
        """Heroku's word: starting, up, complete."""
        return self.life.state

    @property
    def awaits(self) -> bool:
        """Whether its client may still come."""
        return self.life.phase is Phase.AWAITING

    @property
    def ended(self) -> bool:
        """Nothing of it is left."""
        return self.life.phase is Phase.COMPLETE

    # -- orders --------------------------------------------------------------------------------

    def start(self) -> None:
        """Run it, or wait for its client."""
        self._apply(self.life.begin(attached=self.order.attached))

    def stop(self, grace: float | None = None) -> None:
        """End it. grace: seconds until SIGKILL in place of its own."""
        self._apply(self.life.stop(grace))

    def kill(self) -> None:
        """End it at once."""
        self._apply(self.life.kill())

    def outgrew(self) -> None:
        """Its memory passed twice the quota."""
        self._apply(self.life.outgrew())

    # -- the client ----------------------------------------------------------------------------

    def join(self, client: Client, window: tuple[int, int] | None = None) -> Line | None:
        """The client is there: run it. window: rows and columns of its terminal. Returns the line
        between the two; None when the command cannot be started, which the client is told."""
        self._client = client
        self.order.window = window or self.order.window
        self._apply(self.life.joined())
        return self._line

    def interrupt(self, name: str) -> None:
        """Send a signal ("INT", "QUIT", "TERM") that the client got: without a pty there is no
        Ctrl-C that the kernel would see."""
        if self.current is not None and name in FORWARDED and not self.ended:
            self.host.init.signal(self.current.key, (int(FORWARDED[name]),))

    def client_left(self) -> None:
        """The client's connection is closed."""
        self._client = None
        self._apply(self.life.client_left())
        self._hang_up()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    # -- events of init ------------------------------------------------------------------------

    def event(self, run: Run, message: tuple[object, ...]) -> None:
        """One event of its run."""
        kind = message[0]
        if kind == "spawned":
            run.pid = int(message[2])  # type: ignore[call-overload]
            run.started_at = float(message[3])  # type: ignore[arg-type]
            self._apply(self.life.spawned(self.spec.shown(run.port)), run.started_at)
            if not self.order.attached:
                self._listen(run)
        elif kind == "exited":
            if run.pump is not None:
                run.pump.drain()  # what it said last comes before what is said of its end
            run.terminal.let_go()
            self._apply(self.life.exited(int(message[2]), int(message[4])))  # type: ignore[call-overload]
        elif kind == "failed":
            self._why = str(message[2])
            self._release(run)
            self._apply(self.life.failed(self._why))
        elif kind == "gone":
            self._release(run)
            self._apply(self.life.gone())
        elif kind == "uncapped":
            self.log(f"Running without its cap: {message[2]}")

    # -- effects -------------------------------------------------------------------------------

    def _apply(self, wanted: list[effects.Effect], when: float | None = None) -> None:
        before = self.state
        for effect in wanted:
            self._do(effect, when)
        if self.state != before:
            self.changed_at = time.time()
        if wanted:
            self.host.oneoff_changed(self)
        if self.ended:
            self._settle()

    def _do(self, effect: effects.Effect, when: float | None) -> None:
        if isinstance(effect, effects.Log):
            self.log(effect.text, when)
        elif isinstance(effect, effects.Spawn):
            self._spawn()
        elif isinstance(effect, effects.Signal):
            if self.current is not None:
                self.host.init.signal(self.current.key, SIGNALS[effect.name])
        elif isinstance(effect, effects.Arm):
            self._disarm(effect.timer)
            ring = self.host.loop.call_later(effect.seconds, self._ring, effect.timer)
            self._timers[effect.timer] = ring
        elif isinstance(effect, effects.Disarm):
            self._disarm(effect.timer)

    def log(self, text: str, when: float | None = None) -> None:
        """A line of `heroku[run.1234]`."""
        moment = time.time() if when is None else when
        shown = sentence(hidden(text, self.spec.env))
        self.host.publish(Entry(moment, "heroku", self.name, shown))

    def _disarm(self, timer: effects.Timer) -> None:
        handle = self._timers.pop(timer, None)
        if handle is not None:
            handle.cancel()

    def _ring(self, timer: effects.Timer) -> None:
        del self._timers[timer]
        self._apply(self.life.rang(timer))

    def _spawn(self) -> None:
        spec, host = self.spec, self.host
        port = host.ports.take(spec.port) if self.order.takes_port else spec.port
        try:
            terminal = self._terminal()
        except OSError as error:
            # not from within the life's own turn: it is told as an event like any other
            run = Run(1, host.next_key(), port, process.Terminal(-1, [], ""))
            host.loop.call_soon(self.event, run, ("failed", run.key, error.strerror))
            return
        env = {**spec.env, "PORT": str(port)}
        run = self.current = Run(1, host.next_key(), port, terminal)
        run.id, run.release = self.id, spec.release
        host.track(run, self)
        order = process.order(run.key, spec.command, env, spec.cwd, terminal, self.order.bash)
        host.init.confine(order, spec)
        host.init.spawn(order)
        if self._client is not None:
            self._line = Line(host.loop, terminal, self._client, self._settle)

    def _terminal(self) -> process.Terminal:
        if self._client is None:
            return process.open_pipe()
        if self.order.tty:
            return process.open_pty(*self.order.window)
        return process.open_pipes(apart=self._client.apart)

    def _listen(self, run: Run) -> None:
        def emit(data: bytes, continues: bool) -> None:
            self.host.publish(Entry(time.time(), "app", self.name, data, continues))

        run.pump = Pump(
            self.host.loop,
            run.terminal.output,
            LineSplitter(),
            emit,
            partial_after=self.host.partial_after,
            close_fd=False,
        )
        if self.host.paused:
            run.pump.pause()

    def _release(self, run: Run) -> None:
        if run.pump is not None:
            run.pump.close()
            run.pump = None
        if self._line is not None:
            self._line.finish()
        else:
            run.terminal.close()
        self.host.forget(run.key)
        if self.order.takes_port:
            self.host.ports.give_back(run.port)

    def _settle(self) -> None:
        """When nothing is left of it, and nothing is left to say, the client may go."""
        if not self.ended or (self._line is not None and not self._line.is_over):
            return
        client, self._client = self._client, None
        self._hang_up()
        if client is not None:
            client.ended(self.life.status, self._why)
