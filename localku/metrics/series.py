"""The past of an app in numbers: two hours by the second, a day by ten, a week by the minute. Pure.

Dev Center, "Application Metrics", keeps two hours in fine steps and seven days in coarse ones. A
step in which nothing happened takes no room; whatever an app does, there is a bound in bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator

from localku.metrics.slices import Slice

TIERS = ((1, 7200), (10, 86_400), (60, 604_800))  # seconds of a step, seconds that it is kept
TIER_BYTES = 16 << 20


class Tier:
    """Slices of one width, packed, oldest first; and the one that is still open."""

    def __init__(self, step: int, kept: int, max_bytes: int = TIER_BYTES) -> None:
        self.step = step
        self.kept = kept
        self._max_bytes = max_bytes
        self._open: Slice | None = None
        self._times: deque[int] = deque()
        self._packed: deque[bytes] = deque()
        self.size = 0

    def add(self, piece: Slice) -> Slice | None:
        """Add a slice that is over, which is this tier's from now on. One that is older than the
        last (a clock was set back) counts as of then. Returns the slice that it closed, if any."""
        t = piece.t - piece.t % self.step
        closed = self._open
        if closed is not None:
            if closed.t >= t:
                closed.merge(piece)
                return None
            self._close(closed, t - self.kept)
        if piece.t == t:
            self._open = piece
        else:
            self._open = Slice(t)
            self._open.merge(piece)
        return closed

    def since(self, t: float) -> Iterator[Slice]:
        """The closed slices that begin at t or later, oldest first."""
        times, packed = list(self._times), list(self._packed)
        for index in range(bisect_left(times, t), len(times)):
            yield Slice.unpack(packed[index])

    def open_copy(self) -> Slice | None:
        """A copy of the slice that is not closed yet."""
        if self._open is None:
            return None
        copy = Slice(self._open.t)
        copy.merge(self._open)
        return copy

    def _close(self, piece: Slice, oldest: int) -> None:
        packed = piece.pack()
        self._times.append(piece.t)
        self._packed.append(packed)
        self.size += len(packed)
        while self._times and (self._times[0] < oldest or self.size > self._max_bytes):
            self._times.popleft()
            self.size -= len(self._packed.popleft())


class Series:
    """All tiers of one app."""

    def __init__(self, max_bytes: int = TIER_BYTES) -> None:
        self._tiers = [Tier(step, kept, max_bytes) for step, kept in TIERS]

    @property
    def size(self) -> int:
        """Bytes of what is packed."""
        return sum(tier.size for tier in self._tiers)

    def add(self, second: Slice) -> None:
        """A second that is over, and in which something happened; it is the series' own from now
        on. Each tier gets what the finer one has closed."""
        closed: Slice | None = second
        for tier in self._tiers:
            if closed is None:
                return
            closed = tier.add(closed)

    def merged(self, t: float) -> Slice | None:
        """All that happened at t or later, as one slice that begins at its first second; None for
        nothing."""
        found: Slice | None = None
        for piece in self._all(0, t):
            if found is None:
                found = Slice(piece.t)
            found.merge(piece)
        return found

    def since(self, t: float, resolution: int = 1) -> Iterator[Slice]:
        """Slices of that width (whole seconds) that begin at t or later, oldest first.

        They come out of the coarsest tier that fits, and lie on its multiples.
        """
        which = max(i for i, tier in enumerate(self._tiers) if resolution % tier.step == 0)
        begun: Slice | None = None
        for piece in self._all(which, -(-t // resolution) * resolution):
            start = piece.t - piece.t % resolution
            if begun is not None and begun.t != start:
                yield begun
                begun = None
            if begun is None:
                begun = Slice(start)
            begun.merge(piece)
        if begun is not None:
            yield begun

    def _all(self, which: int, t: float) -> Iterator[Slice]:
        """The slices of a tier, and what has not come to it yet, oldest first."""
        yield from self._tiers[which].since(t)
        for tier in reversed(self._tiers[: which + 1]):
            waiting = tier.open_copy()
            if waiting is not None and waiting.t >= t:
                yield waiting
