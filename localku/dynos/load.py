"""Load averages: how many tasks want to run, damped over 1, 5 and 15 minutes. Pure.

Dev Center, "log-runtime-metrics": expterm = e^-(elapsed / period), and the new average is
(1 - expterm) * count + expterm * old.
"""

from __future__ import annotations

from math import exp

PERIODS = (60.0, 300.0, 900.0)  # seconds


class LoadAverage:
    """The averages of one run of a dyno. since: when it began, in seconds of any clock; nothing
    ran before."""

    __slots__ = ("_at", "averages")

    def __init__(self, since: float) -> None:
        self._at = since
        self.averages = (0.0, 0.0, 0.0)

    def add(self, tasks: float, now: float) -> None:
        """tasks ran or waited for a processor since the last look."""
        elapsed = max(0.0, now - self._at)
        self._at = now
        one, five, fifteen = (
            _damped(old, tasks, elapsed / period)
            for old, period in zip(self.averages, PERIODS, strict=True)
        )
        self.averages = (one, five, fifteen)


def _damped(old: float, tasks: float, periods: float) -> float:
    kept = exp(-periods)
    return (1 - kept) * tasks + kept * old
