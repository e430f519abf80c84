"""What only grows while the platform lives: what `/metrics` shows. Pure."""

from __future__ import annotations

from bisect import bisect_left

from localku.metrics.l2met import Reading
from localku.metrics.routerlines import TUNNEL, Served

# seconds: OpenTelemetry, semantic conventions of http.server.request.duration
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_BOUNDS_MS = tuple(bound * 1000 for bound in BOUNDS)
CUSTOM_MAX = 500  # series of an app's own over its life
DYNOS_MAX = 1000  # names of dynos: one-off dynos have ever new ones


class Durations:
    """A histogram as Prometheus has it. requests: all. timed: those whose time is known. counts:
    of each bound, and above the last one; seconds: of all together."""

    __slots__ = ("counts", "requests", "seconds", "timed")

    def __init__(self) -> None:
        self.requests = 0
        self.timed = 0
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, ms: float, times: int) -> None:
        """So many requests took that long."""
        self.timed += times
        self.counts[bisect_left(_BOUNDS_MS, ms)] += times
        self.seconds += ms * times / 1000


class CustomTotal:
    """A series of the app's own. count, total: of all values; last: the latest."""

    __slots__ = ("count", "last", "reading", "total")

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.count = 0
        self.total = 0.0
        self.last = 0.0


class Totals:
    """requests: by dyno, status class and H-code. codes: H-codes. errors: R- and L-codes. starts:
    by dyno. lines: by source. custom: by key. refused: values of series beyond CUSTOM_MAX, or of
    another kind than the series had."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, str], Durations] = {}
        self.codes: dict[str, int] = {}
        self.errors: dict[str, int] = {}
        self.starts: dict[str, int] = {}
        self.lines: dict[str, int] = {"app": 0, "heroku": 0}
        self.custom: dict[str, CustomTotal] = {}
        self.refused = 0

    def serve(self, served: Served, times: int) -> None:
        """So many requests ended like this."""
        key = (served.dyno, served.status_class, served.code)
        durations = self.requests.get(key)
        if durations is None:
            durations = self.requests[key] = Durations()
        durations.requests += times
        if served.service is not None and served.status != TUNNEL:
            durations.add(served.service, times)
        if served.code:
            self.codes[served.code] = self.codes.get(served.code, 0) + times

    def error(self, code: str) -> None:
        """An R- or L-code."""
        self.errors[code] = self.errors.get(code, 0) + 1

    def started(self, dyno: str) -> None:
        """A run of a dyno began."""
        starts = self.starts
        starts[dyno] = starts.pop(dyno, 0) + 1
        if len(starts) > DYNOS_MAX:
            del starts[next(iter(starts))]  # the one that started longest ago

    def accepts(self, key: str, reading: Reading) -> bool:
        """Count a value of the app's own, of the series with that key; False when it has to be left
        out."""
        custom = self.custom.get(key)
        if custom is None:
            if len(self.custom) >= CUSTOM_MAX:
                self.refused += 1
                return False
            custom = self.custom[key] = CustomTotal(reading)
        elif custom.reading.kind != reading.kind:
            self.refused += 1
            return False
        custom.count += 1
        custom.total += reading.value
        custom.last = reading.value
        return True
