"""The life of a one-off dyno as a state machine: events in, effects out. Pure.

It runs once: awaited by nobody or by one client, up, complete. It is over when its first process
is; what that left behind goes with it. Lines and times are Heroku's (Dev Center, "One-Off Dynos"
and "Heroku Error Codes": R12, R13, R15, R16); oneoff.py carries out the effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from localku.dynos.effects import Arm, Disarm, Effect, Log, Signal, Spawn, Timer

RUN = 1  # there is only one
KILLED, NOT_STARTED = 137, 126  # 128 + SIGKILL; a shell's status for what cannot be executed


class Phase(Enum):
    """AWAITING: the client has not come yet. ENDING: asked to stop or dying, with processes left.
    COMPLETE: nothing is left."""

    AWAITING = "awaiting"
    STARTING = "starting"
    UP = "up"
    ENDING = "ending"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds. attach: for the client to come (R13). hangup: between two SIGHUPs (R16). grace: from
    SIGTERM to SIGKILL (R12). life: from start to stop; 0: as long as it likes."""

    attach: float = 30.0
    hangup: float = 5.0
    grace: float = 30.0
    life: float = 0.0

    def scaled(self, factor: float) -> Times:
        """All but grace and life, which are given as they are to be, multiplied."""
        return Times(self.attach * factor, self.hangup * factor, self.grace, self.life)


HANGUPS = 3  # SIGHUPs before R16


class OneOffLife:
    """One run. Every method takes what happened and returns the effects, in order. Sightings and
    timers that come late are ignored."""

    __slots__ = ("_grace", "_hangups", "_stopped", "_told", "phase", "state", "status", "times")

    def __init__(self, times: Times) -> None:
        self.times = times
        self.phase = Phase.STARTING
        self.state = "starting"  # Heroku's word, as the API shows it
        self.status = 0  # of its first process, as a shell has it
        self._grace = times.grace
        self._hangups = 0
        self._stopped = False
        self._told = False  # the line "Process exited" is out

    # -- orders --------------------------------------------------------------------------------

    def begin(self, *, attached: bool) -> list[Effect]:
        """Order: run. attached: as soon as the client is there."""
        if attached:
            self.phase = Phase.AWAITING
            return [Log("Awaiting client"), Arm(Timer.ATTACH, self.times.attach)]
        return self._launch()

    def stop(self, grace: float | None = None) -> list[Effect]:
        """Order: end. grace: seconds in place of its own."""
        if self.phase is Phase.AWAITING:
            return self._complete()
        if self.phase is Phase.COMPLETE:
            return []
        self._grace = self.times.grace if grace is None else grace
        if self._stopped:
            return [] if grace is None else [Arm(Timer.GRACE, grace)]
        self.phase, self._stopped = Phase.ENDING, True
        text = "Stopping all processes with SIGTERM"
        return [
            *self._disarm(),
            Log(text),
            Signal(RUN, "TERM"),
            Arm(Timer.GRACE, self._grace),
        ]

    def kill(self) -> list[Effect]:
        """Order: end at once, without asking."""
        if self.phase in (Phase.AWAITING, Phase.COMPLETE):
            return self.stop()
        self.phase, self._stopped = Phase.ENDING, True
        return [*self._disarm(), *self._kill("process")]

    # -- the client ----------------------------------------------------------------------------

    def joined(self) -> list[Effect]:
        """The client is there."""
        if self.phase is not Phase.AWAITING:
            return []
        return [Disarm(Timer.ATTACH), *self._launch()]

    def client_left(self) -> list[Effect]:
        """The client's connection is closed: the same as a terminal that is closed."""
        if self.phase not in (Phase.STARTING, Phase.UP) or self._hangups:
            return []
        return self._hang_up()

    # -- sightings -----------------------------------------------------------------------------

    def spawned(self, command: str) -> list[Effect]:
        """The shell runs the command."""
        effects: list[Effect] = [Log(f"Starting process with command `{command}`")]
        if self.phase is not Phase.STARTING:
            return effects
        self.phase = Phase.UP
        return [*effects, *self._turn("up")]

    def failed(self, reason: str) -> list[Effect]:
        """The command could not even be spawned."""
        if self.phase not in (Phase.STARTING, Phase.ENDING):
            return []
        self.status, self._told = NOT_STARTED, True
        return [Log(f"Process could not be started: {reason}"), *self._complete()]

    def exited(self, status: int, left: int) -> list[Effect]:
        """The first process ended; `left` others are alive."""
        if self.phase is Phase.COMPLETE or self._told:
            return []
        self.status = status
        if self._stopped:
            return []  # the others have until the grace is over
        self.phase = Phase.ENDING
        rest: list[Effect] = [Signal(RUN, "KILL")] if left else []
        return [*self._disarm(), self._tell_exit(), *rest]

    def gone(self) -> list[Effect]:
        """Nothing of it is left."""
        if self.phase is Phase.COMPLETE:
            return []
        told: list[Effect] = [] if self._told else [self._tell_exit()]
        return [*told, *self._complete()]

    def outgrew(self) -> list[Effect]:
        """It uses more than twice its memory quota (R15)."""
        if self.phase not in (Phase.STARTING, Phase.UP):
            return []
        return [Log("Error R15 (Memory quota vastly exceeded)"), *self.kill()]

    def rang(self, timer: Timer) -> list[Effect]:
        """A timer is over."""
        if timer is Timer.ATTACH and self.phase is Phase.AWAITING:
            text = "Error R13 (Attach error) -> Failed to attach to process"
            return [Log(text), Log("Process exited"), *self._complete()]
        if timer is Timer.HANGUP and self.phase in (Phase.STARTING, Phase.UP):
            return self._hang_up() if self._hangups < HANGUPS else self._give_up()
        if timer is Timer.GRACE and self.phase is Phase.ENDING:
            text = (
                "Error R12 (Exit timeout) -> At least one process failed to exit "
                f"within {self._grace:g} seconds of SIGTERM"
            )
            return [Log(text), *self._kill("remaining processes")]
        return self.stop() if timer is Timer.LIFE else []

    # -- steps ---------------------------------------------------------------------------------

    def _launch(self) -> list[Effect]:
        self.phase = Phase.STARTING
        life: list[Effect] = [Arm(Timer.LIFE, self.times.life)] if self.times.life else []
        return [Spawn(RUN), *life]

    def _hang_up(self) -> list[Effect]:
        self._hangups += 1
        return [
            Log("Client connection closed. Sending SIGHUP to all processes"),
            Signal(RUN, "HUP"),
            Arm(Timer.HANGUP, self.times.hangup),
        ]

    @staticmethod
    def _give_up() -> list[Effect]:
        """As on Heroku it then runs on (Dev Center, R16); `ps:stop` ends it."""
        text = (
            "Error R16 (Detached) -> An attached process is not responding to SIGHUP "
            "after its external connection was closed."
        )
        return [Log(text)]

    def _kill(self, what: str) -> list[Effect]:
        return [Log(f"Stopping {what} with SIGKILL"), Signal(RUN, "KILL")]

    def _tell_exit(self) -> Effect:
        self._told = True
        return Log(f"Process exited with status {self.status}")

    def _turn(self, state: str) -> list[Effect]:
        before, self.state = self.state, state
        return [] if before == state else [Log(f"State changed from {before} to {state}")]

    def _complete(self) -> list[Effect]:
        self.phase = Phase.COMPLETE
        return [*self._disarm(), *self._turn("complete")]

    @staticmethod
    def _disarm() -> list[Effect]:
        timers = (Timer.ATTACH, Timer.HANGUP, Timer.GRACE, Timer.LIFE)
        return [Disarm(timer) for timer in timers]
