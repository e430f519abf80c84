"""The life of one dyno as a state machine: events in, effects out.

It decides what a dyno does next and which lines Heroku would log about it; it never spawns,
signals, waits or looks at a clock. The runner (runner.py) carries out the effects and feeds the
events. Orders (start, stop, restart) always count; sightings (spawned, bound, exited, a timer)
name the run that they saw, and those of an earlier run are ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from localku.dynos.backoff import Backoff, BackoffPolicy
from localku.dynos.effects import (
    Arm,
    Crashed,
    Disarm,
    Effect,
    Log,
    Signal,
    Spawn,
    Timer,
    Watch,
)


class Phase(Enum):
    """Where a dyno is. ENDING: asked to stop or dying, with processes left."""

    DOWN = "down"
    STARTING = "starting"
    UP = "up"
    ENDING = "ending"
    CRASHED = "crashed"


class Next(Enum):
    """What follows ENDING."""

    REST = "down"
    START = "starting"
    CRASH = "crashed"


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. Heroku: boot 60 (R10), grace 30 (R12)."""

    boot: float = 60.0
    grace: float = 30.0
    backoff: BackoffPolicy = BackoffPolicy()


KILLED = 137  # 128 + SIGKILL


class Lifecycle:
    """One dyno's state. Every method takes what happened and returns the effects, in order."""

    __slots__ = (
        "_backoff",
        "_grace",
        "_next",
        "_status",
        "_told",
        "binds",
        "phase",
        "run",
        "since",
        "state",
        "timing",
    )

    def __init__(self, *, binds: bool, timing: Timing) -> None:
        """binds: a web dyno, up when it has bound $PORT; the others are up once spawned."""
        self.binds = binds
        self.timing = timing
        self.phase = Phase.DOWN
        self.state = "down"  # Heroku's word, as the API shows it
        self.run = 0
        self.since = 0.0  # when the last run was started
        self._next = Next.REST
        self._status = 0
        self._told = False  # the line "Process exited" is out for this run
        self._grace = timing.grace
        self._backoff = Backoff(timing.backoff)

    def retime(self, timing: Timing) -> None:
        """Use other times from the next decision on."""
        self.timing = timing
        self._backoff.policy = timing.backoff

    # -- orders ------------------------------------------------------------------------------

    def start(self, now: float) -> list[Effect]:
        """Order: run. A crashed dyno starts at once; a stopping one starts when it has stopped."""
        if self.phase is Phase.ENDING:
            self._next = Next.START
            return self._turn("starting")
        if self.phase is Phase.DOWN:
            self.state = "starting"
            return self._launch(now)
        if self.phase is Phase.CRASHED:
            self._backoff.clear()
            return [Disarm(Timer.COOLOFF), *self._turn("starting"), *self._launch(now)]
        return []

    def restart(self, now: float, why: str = "Restarting") -> list[Effect]:
        """Order: stop, then start. It ends a cool-off. why: Heroku's word in the log."""
        self._backoff.clear()
        if self.phase in (Phase.STARTING, Phase.UP):
            return [Log(why), *self._end(Next.START, "starting")]
        return self.start(now)

    def stop(self, now: float, grace: float | None = None) -> list[Effect]:
        """Order: stop and stay down. grace: seconds in place of the dyno's own."""
        self._backoff.clear()
        if self.phase is Phase.CRASHED:
            self.phase = Phase.DOWN
            return [Disarm(Timer.COOLOFF), *self._turn("down")]
        if self.phase is Phase.ENDING:
            self._next = Next.REST
            effects = self._turn("down")
            return effects if grace is None else [*effects, self._arm_grace(grace)]
        if self.phase is Phase.DOWN:
            return []
        return self._end(Next.REST, "down", grace)

    def kill(self) -> list[Effect]:
        """Order: end at once, without asking (a second Ctrl-C)."""
        if self.phase is Phase.CRASHED:
            return self.stop(0.0)
        if self.phase is Phase.DOWN:
            return []
        effects = self._turn("down")
        self.phase, self._next = Phase.ENDING, Next.REST
        return [Disarm(Timer.BOOT), Disarm(Timer.GRACE), *effects, *self._kill("process")]

    # -- sightings ---------------------------------------------------------------------------

    def spawned(self, run: int, command: str) -> list[Effect]:
        """The shell runs the command. command: as Heroku shows it, $PORT expanded."""
        effects: list[Effect] = [Log(f"Starting process with command `{command}`")]
        if run != self.run or self.phase is not Phase.STARTING:
            return effects if run == self.run else []
        if self.binds:
            return [*effects, Arm(Timer.BOOT, self.timing.boot), Watch(run)]
        self.phase = Phase.UP
        return [*effects, *self._turn("up")]

    def failed(self, run: int, now: float, reason: str) -> list[Effect]:
        """The command could not even be spawned."""
        if run != self.run or self.phase not in (Phase.STARTING, Phase.ENDING):
            return []
        self._status = 126
        effects: list[Effect] = [Log(f"Process could not be started: {reason}")]
        if self.phase is Phase.STARTING:
            effects += self._crash()
        return [*effects, *self.gone(run, now)]

    def bound(self, run: int) -> list[Effect]:
        """The run accepts connections on its port."""
        if run != self.run or self.phase is not Phase.STARTING:
            return []
        self.phase = Phase.UP
        return [Disarm(Timer.BOOT), *self._turn("up")]

    def exited(self, run: int, status: int, left: int) -> list[Effect]:
        """The run's first process ended; `left` others of it are alive."""
        if run != self.run:
            return []
        self._status = status
        if self.phase not in (Phase.STARTING, Phase.UP):
            return []
        # the dyno is over when its process is: what it left behind goes with it
        rest: list[Effect] = [Signal(run, "KILL")] if left else []
        return [self._tell_exit(), *rest, *self._crash()]

    def gone(self, run: int, now: float) -> list[Effect]:
        """Nothing of the run is left."""
        if run != self.run or self.phase is not Phase.ENDING:
            return []
        if self._next is Next.CRASH:
            return self._cool_off(now)
        effects: list[Effect] = [Disarm(Timer.GRACE)]
        if not self._told:
            effects.append(self._tell_exit())
        if self._next is Next.START:
            return effects + self._launch(now)
        self.phase = Phase.DOWN
        return effects

    def outgrew(self, run: int) -> list[Effect]:
        """The run uses more than twice its memory quota (R15)."""
        if run != self.run or self.phase not in (Phase.STARTING, Phase.UP):
            return []
        return [Log("Error R15 (Memory quota vastly exceeded)"), *self._cut_short()]

    def rang(self, timer: Timer, now: float) -> list[Effect]:
        """A timer is over."""
        if timer is Timer.BOOT and self.phase is Phase.STARTING:
            return self._boot_timeout()
        if timer is Timer.GRACE and self.phase is Phase.ENDING:
            return self._exit_timeout()
        if timer is Timer.COOLOFF and self.phase is Phase.CRASHED:
            return [*self._turn("starting"), *self._launch(now)]
        return []

    # -- steps -------------------------------------------------------------------------------

    def _turn(self, state: str) -> list[Effect]:
        before, self.state = self.state, state
        return [] if before == state else [Log(f"State changed from {before} to {state}")]

    def _launch(self, now: float) -> list[Effect]:
        self.phase = Phase.STARTING
        self.run += 1
        self.since = now
        self._told = False
        return [Spawn(self.run)]

    def _end(self, then: Next, state: str, grace: float | None = None) -> list[Effect]:
        self.phase, self._next = Phase.ENDING, then
        return [
            Disarm(Timer.BOOT),
            *self._turn(state),
            Log("Stopping all processes with SIGTERM"),
            Signal(self.run, "TERM"),
            self._arm_grace(self.timing.grace if grace is None else grace),
        ]

    def _arm_grace(self, seconds: float) -> Effect:
        self._grace = seconds
        return Arm(Timer.GRACE, seconds)

    def _tell_exit(self) -> Effect:
        self._told = True
        return Log(f"Process exited with status {self._status}")

    def _kill(self, what: str) -> list[Effect]:
        return [Log(f"Stopping {what} with SIGKILL"), Signal(self.run, "KILL")]

    def _crash(self) -> list[Effect]:
        self.phase, self._next = Phase.ENDING, Next.CRASH
        return [Disarm(Timer.BOOT), *self._turn("crashed"), Crashed(self._status)]

    def _cool_off(self, now: float) -> list[Effect]:
        self.phase = Phase.CRASHED
        wait = self._backoff.crashed(now - self.since)
        if wait == math.inf:
            return []
        if wait > 0:
            return [Arm(Timer.COOLOFF, wait)]
        return [*self._turn("starting"), *self._launch(now)]

    def _boot_timeout(self) -> list[Effect]:
        text = (
            "Error R10 (Boot timeout) -> Web process failed to bind to $PORT "
            f"within {self.timing.boot:g} seconds of launch"
        )
        self._status = KILLED
        return [Log(text), *self._cut_short()]

    def _cut_short(self) -> list[Effect]:
        self._status = KILLED
        return [*self._kill("process"), self._tell_exit(), *self._crash()]

    def _exit_timeout(self) -> list[Effect]:
        text = (
            "Error R12 (Exit timeout) -> At least one process failed to exit "
            f"within {self._grace:g} seconds of SIGTERM"
        )
        return [Log(text), *self._kill("remaining processes")]
