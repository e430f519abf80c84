"""An alarm that rings at a moment, to the tenth of a millisecond, and costs nothing until then.

Linux has timerfd (timerfd_create(2)): the kernel wakes the loop. asyncio's own timers round up to a
millisecond, and a loop that spins instead burns a core. Where there is no timerfd (macOS), or none
to be had, asyncio's timer does.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
import time
from collections.abc import Callable
from typing import Protocol

CLOCK_MONOTONIC = 1  # time.monotonic() is this clock on Linux
ABSTIME = 1
FLAGS = os.O_NONBLOCK | os.O_CLOEXEC  # TFD_NONBLOCK and TFD_CLOEXEC are the same bits
_NS = 1_000_000_000


class Alarm(Protocol):
    """Calls its owner back once for each time that it was set."""

    def set(self, moment: float) -> None:
        """Ring at that moment (time.monotonic()), instead of the one that was set before."""

    def clear(self) -> None:
        """Do not ring."""

    def close(self) -> None:
        """No more."""


class LoopAlarm:
    """By the loop's own timer: late by a millisecond or so."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None

    def set(self, moment: float) -> None:
        """Ring at that moment, instead of the one that was set before."""
        self.clear()
        self._handle = self._loop.call_later(max(moment - time.monotonic(), 0.0), self._ring)

    def clear(self) -> None:
        """Do not ring."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def close(self) -> None:
        """No more."""
        self.clear()


class TimerfdAlarm:
    """By a timerfd. `ring` has to set or clear it: until then it goes on ringing, which spares the
    read that would take back the ring. Raises OSError or AttributeError where there is none."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        fd: int = libc.timerfd_create(CLOCK_MONOTONIC, FLAGS)
        if fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._loop = loop
        self._fd = fd
        self._spec = (ctypes.c_long * 4)()  # interval s, ns; value s, ns
        self._settime = libc.timerfd_settime
        self._settime.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        self._address = ctypes.addressof(self._spec)
        loop.add_reader(fd, ring)

    def set(self, moment: float) -> None:
        """Ring at that moment, instead of the one that was set before."""
        ns = max(int(moment * _NS), 1)
        spec = self._spec
        spec[2], spec[3] = divmod(ns, _NS)
        self._settime(self._fd, ABSTIME, self._address, None)

    def clear(self) -> None:
        """Do not ring."""
        spec = self._spec
        spec[2] = spec[3] = 0
        self._settime(self._fd, ABSTIME, self._address, None)

    def close(self) -> None:
        """No more."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


class StandardTimerfdAlarm:
    """The same through the standard library, which has timerfd since Python 3.13."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        standard = vars(os)
        self._fd: int = standard["timerfd_create"](CLOCK_MONOTONIC, flags=FLAGS)
        self._settime: Callable[..., object] = standard["timerfd_settime_ns"]
        loop.add_reader(self._fd, ring)

    def set(self, moment: float) -> None:
        """Ring at that moment, instead of the one that was set before."""
        self._settime(self._fd, flags=ABSTIME, initial=max(int(moment * _NS), 1))

    def clear(self) -> None:
        """Do not ring."""
        self._settime(self._fd, initial=0)

    def close(self) -> None:
        """No more."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


def best_alarm(loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> Alarm:
    """The most exact alarm that this system has."""
    if sys.platform.startswith("linux"):
        for kind in (StandardTimerfdAlarm, TimerfdAlarm):
            try:
                return kind(loop, ring)
            except (AttributeError, KeyError, OSError):
                continue
    return LoopAlarm(loop, ring)
