"""Files that an app writes whenever it starts must not restart it for ever. Pure.

A path that has restarted something MANY times within WINDOW seconds is muted, and told once; it
counts again when it has been quiet for WINDOW seconds. A person who saves that often can wait.
`now` is monotonic time in seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

MANY = 8
WINDOW = 10.0


class Runaway:
    """Counts restarts by path."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}
        self._muted: set[str] = set()

    def judge(self, paths: Iterable[str], now: float) -> tuple[list[str], list[str]]:
        """The paths that may restart something now, and those that are muted from now on."""
        allowed: list[str] = []
        muted: list[str] = []
        for path in paths:
            times = self._seen.setdefault(path, deque(maxlen=MANY))
            if path in self._muted and now - times[-1] >= WINDOW:
                self._muted.discard(path)
                times.clear()
            times.append(now)
            if path in self._muted:
                continue
            if len(times) == MANY and now - times[0] < WINDOW:
                self._muted.add(path)
                muted.append(path)
            else:
                allowed.append(path)
        self._forget(now)
        return allowed, muted

    def _forget(self, now: float) -> None:
        old = [p for p, t in self._seen.items() if p not in self._muted and now - t[-1] > WINDOW]
        for path in old:
            del self._seen[path]
