"""What a dyno's lifecycle wants done: values, carried out by the runner.

Log lines and timers are effects like spawning and signalling, so that a test can assert them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Timer(Enum):
    """boot: bound in time (R10). grace: gone in time (R12). cooloff: start again after a crash.

    Of one-off dynos: attach: a client came in time (R13). hangup: SIGHUP again, or give up (R16).
    life: its time to live.
    """

    BOOT = "boot"
    GRACE = "grace"
    COOLOFF = "cooloff"
    ATTACH = "attach"
    HANGUP = "hangup"
    LIFE = "life"


@dataclass(frozen=True, slots=True)
class Log:
    """A line of `heroku[web.1]`."""

    text: str


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start run number `run`."""

    run: int


@dataclass(frozen=True, slots=True)
class Watch:
    """Look for the port of the run, until bound or another state."""

    run: int


@dataclass(frozen=True, slots=True)
class Signal:
    """Signal every process of the run: "TERM", "KILL" or "HUP"."""

    run: int
    name: str


@dataclass(frozen=True, slots=True)
class Arm:
    """Set a timer; it replaces one of the same name."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class Disarm:
    """Forget a timer."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Crashed:
    """The dyno ended by itself with this status (for --exit-on-crash)."""

    status: int


Effect = Log | Spawn | Watch | Signal | Arm | Disarm | Crashed
