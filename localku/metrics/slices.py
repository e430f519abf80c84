"""What an app did in a slice of time, in numbers that can be added up: seconds to minutes. Pure."""

from __future__ import annotations

import marshal
import zlib
from dataclasses import dataclass, field

from localku.metrics.histogram import Histogram
from localku.metrics.l2met import COUNT, MEASURE, Reading
from localku.metrics.routerlines import TUNNEL, Served

CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
CUSTOM_MAX = 200  # series of an app's own in one slice
_QUICKLY = 1  # zlib's level


@dataclass(slots=True)
class DynoSlice:
    """One dyno. memory, quota: bytes, None if not measured; quota 0: none. load: over 1 minute.

    Of several slices, memory and load are the highest.
    """

    requests: int = 0
    errors: int = 0
    service: Histogram = field(default_factory=Histogram)
    connect: Histogram = field(default_factory=Histogram)
    memory: int | None = None
    quota: int = 0
    load: float | None = None

    def merge(self, other: DynoSlice) -> None:
        """Add another slice of the same dyno."""
        self.requests += other.requests
        self.errors += other.errors
        self.service.merge(other.service)
        self.connect.merge(other.connect)
        if other.memory is not None:
            self.memory = max(self.memory or 0, other.memory)
            self.quota = other.quota
        if other.load is not None:
            self.load = max(self.load or 0.0, other.load)


@dataclass(slots=True)
class Custom:
    """One series of the app's own. last: of a sample."""

    kind: str
    unit: str = ""
    values: Histogram = field(default_factory=Histogram)
    total: float = 0.0
    last: float = 0.0

    def add(self, reading: Reading) -> None:
        """One more value."""
        if self.kind == MEASURE:
            self.values.record(reading.value)
        elif self.kind == COUNT:
            self.total += reading.value
        self.last = reading.value

    def merge(self, other: Custom) -> None:
        """Add what came later."""
        self.values.merge(other.values)
        self.total += other.total
        self.last = other.last


class Slice:
    """t: its first second, since the epoch. custom: by key, see Reading.key."""

    __slots__ = ("codes", "custom", "dynos", "requests", "t")

    def __init__(self, t: int) -> None:
        self.t = t
        self.requests: dict[str, int] = {}
        self.codes: dict[str, int] = {}
        self.dynos: dict[str, DynoSlice] = {}
        self.custom: dict[str, Custom] = {}

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not (self.requests or self.codes or self.dynos or self.custom)

    def dyno(self, name: str) -> DynoSlice:
        """The part of one dyno."""
        found = self.dynos.get(name)
        if found is None:
            found = self.dynos[name] = DynoSlice()
        return found

    def serve(self, served: Served, times: int) -> None:
        """So many requests ended like this."""
        kind = served.status_class
        if kind:
            self.requests[kind] = self.requests.get(kind, 0) + times
        if served.code:
            self.code(served.code, times)
        if not served.dyno:
            return
        dyno = self.dyno(served.dyno)
        dyno.requests += times
        if served.failed:
            dyno.errors += times
        if served.connect is not None:
            dyno.connect.record(served.connect, times)
        if served.service is not None and served.status != TUNNEL:
            dyno.service.record(served.service, times)

    def code(self, code: str, times: int = 1) -> None:
        """An H-, R- or L-code was seen."""
        self.codes[code] = self.codes.get(code, 0) + times

    def measure(self, key: str, reading: Reading) -> bool:
        """A value of the app's own, of the series with that key; False if there are too many, or it
        is of another kind than before."""
        custom = self.custom.get(key)
        if custom is None:
            if len(self.custom) >= CUSTOM_MAX:
                return False
            custom = self.custom[key] = Custom(reading.kind, reading.unit)
        elif custom.kind != reading.kind:
            return False
        custom.add(reading)
        return True

    def merge(self, other: Slice) -> None:
        """Add a later slice."""
        for kind, times in other.requests.items():
            self.requests[kind] = self.requests.get(kind, 0) + times
        for code, times in other.codes.items():
            self.code(code, times)
        for name, dyno in other.dynos.items():
            self.dyno(name).merge(dyno)
        for key, custom in other.custom.items():
            known = self.custom.get(key)
            if known is not None:
                if known.kind == custom.kind:
                    known.merge(custom)
            elif len(self.custom) < CUSTOM_MAX:
                known = self.custom[key] = Custom(custom.kind, custom.unit)
                known.merge(custom)

    def pack(self) -> bytes:
        """It as few bytes, for keeping."""
        dynos = {
            name: (
                *(it.requests, it.errors, it.service.pack(), it.connect.pack()),
                *(it.memory, it.quota, it.load),
            )
            for name, it in self.dynos.items()
        }
        custom = {
            key: (it.kind, it.unit, it.values.pack(), it.total, it.last)
            for key, it in self.custom.items()
        }
        plain = (self.t, self.requests, self.codes, dynos, custom)
        return zlib.compress(marshal.dumps(plain), _QUICKLY)

    @classmethod
    def unpack(cls, packed: bytes) -> Slice:
        """What `pack` gave, as a slice again."""
        t, requests, codes, dynos, custom = marshal.loads(zlib.decompress(packed))
        it = cls(t)
        it.requests, it.codes = requests, codes
        for name, (count, errors, service, connect, *rest) in dynos.items():
            times = Histogram.unpack(service), Histogram.unpack(connect)
            it.dynos[name] = DynoSlice(count, errors, *times, *rest)
        for key, (kind, unit, values, *rest) in custom.items():
            it.custom[key] = Custom(kind, unit, Histogram.unpack(values), *rest)
        return it
