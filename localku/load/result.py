"""What a load test found, as values: the contract between the generator, sweeps and reports. Pure.

All times are milliseconds unless a name says otherwise, all rates requests a second, all shares
between 0 and 1. `to_json` gives plain JSON values, `from_json` reads them again; keys that it does
not know are kept in `more` of the result, and left out elsewhere. README, "Load tests", has the
form for those who read it with other programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

FORMAT = "localku-load/1"
OPEN, CLOSED = "open", "closed"
POISSON, CONSTANT = "poisson", "constant"

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How times are spread, in ms; all 0 when there is none. Of a frozen histogram."""

    count: int = 0
    mean: float = 0.0
    min: float = 0.0
    p50: float = 0.0
    p90: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    p999: float = 0.0
    max: float = 0.0


@dataclass(frozen=True, slots=True)
class Instant:
    """One second. t: seconds from the start of the step. requests: that ended in it, with an answer
    or without; errors: of these, network errors and 5xx. p50, p99: ms, from the intended time."""

    t: int
    requests: int = 0
    errors: int = 0
    p50: float = 0.0
    p99: float = 0.0


@dataclass(frozen=True, slots=True)
class GeneratorUse:
    """What the generator itself took. cpu: share of one core. late_p99: ms that it was late by, of
    arrivals that had a connection. bottleneck: a sentence when it, and not the app, was the limit,
    or ""."""

    cpu: float = 0.0
    late_p99: float = 0.0
    bottleneck: str = ""


@dataclass(frozen=True, slots=True)
class MachineUse:
    """cpu: share of all cores, whoever used them. saturated: so high that the step shows the
    machine and not the app."""

    cpu: float = 0.0
    saturated: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it ran. memory: bytes."""

    cores: int = 1
    model: str = ""
    memory: int = 0


@dataclass(slots=True)
class Step:
    """One measurement of one formation.

    offered: the rate of the schedule, None in closed mode. achieved: answers of any status in a
    second of the measured time. requests: that were due. late: of these, that found no free
    connection. errors: without an answer, by kind (timeout, connect, reset, protocol, unsent).
    codes: from the router's lines, as connect, service and share are.
    latency: from the intended send time; sent_latency: from the real one. Both count what was
    answered, whatever its status, and timeouts and unsent ones as long as they had waited.
    histogram: of latency, (upper bound in ms, count) of each step that has any.
    failed_thresholds: sentences. troubles: what went wrong (an app that died, a rate that was not
    met), sentences; a step that has any is a failed one. interrupted: ended before its time.
    """

    dynos: dict[str, int] = field(default_factory=dict)
    repeat: int = 1
    offered: float | None = None
    achieved: float = 0.0
    duration: float = 0.0
    requests: int = 0
    in_flight_max: int = 0
    late: int = 0
    status: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    latency: Percentiles = field(default_factory=Percentiles)
    sent_latency: Percentiles = field(default_factory=Percentiles)
    connect: Percentiles = field(default_factory=Percentiles)
    service: Percentiles = field(default_factory=Percentiles)
    share: dict[str, int] = field(default_factory=dict)
    generator: GeneratorUse = field(default_factory=GeneratorUse)
    machine: MachineUse = field(default_factory=MachineUse)
    timeline: list[Instant] = field(default_factory=list)
    histogram: list[tuple[float, int]] = field(default_factory=list)
    failed_thresholds: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False

    @property
    def failed(self) -> int:
        """Requests that got no answer, or a 5xx."""
        unwell = sum(times for status, times in self.status.items() if status >= "500")
        return unwell + sum(self.errors.values())

    @property
    def error_share(self) -> float:
        """The share of `failed` in all requests."""
        return self.failed / self.requests if self.requests else 0.0

    def to_json(self) -> Json:
        """It as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Step:
        """What `to_json` gave, as a step again. Raises TypeError, ValueError or KeyError."""
        known = _known(cls, value)
        for name in ("latency", "sent_latency", "connect", "service"):
            if name in known:
                known[name] = _read(Percentiles, known[name])
        if "generator" in known:
            known["generator"] = _read(GeneratorUse, known["generator"])
        if "machine" in known:
            known["machine"] = _read(MachineUse, known["machine"])
        known["timeline"] = [_read(Instant, each) for each in known.get("timeline", ())]
        known["histogram"] = [(float(a), int(b)) for a, b in known.get("histogram", ())]
        return cls(**known)


@dataclass(slots=True)
class Result:
    """A whole run: one step, or the steps of a sweep.

    app: "" for a URL that is no app of ours. target: a URL. mode: open or closed. arrivals: poisson
    or constant, of the open mode. started: ISO 8601. more: what a sweep adds (`usl`, ...).
    """

    app: str = ""
    target: str = ""
    mode: str = OPEN
    arrivals: str = POISSON
    seed: int = 0
    started: str = ""
    machine: Machine = field(default_factory=Machine)
    steps: list[Step] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    more: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        """It as plain values, ready for json.dumps."""
        plain = asdict(self)
        more = plain.pop("more")
        return {"format": FORMAT, **plain, **more}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Result:
        """What `to_json` gave, as a result again. Raises ValueError for another format."""
        if value.get("format") != FORMAT:
            raise ValueError(f"this is no {FORMAT} result")
        known = _known(cls, value)
        known["more"] = {k: v for k, v in value.items() if k not in known and k != "format"}
        known["machine"] = _read(Machine, known.get("machine", {}))
        known["steps"] = [Step.from_json(each) for each in known.get("steps", ())]
        return cls(**known)


def _known(cls: type[Any], value: Mapping[str, Any]) -> Json:
    names = {each.name for each in fields(cls)}
    return {name: part for name, part in value.items() if name in names}


def _read(cls: type[T], value: Mapping[str, Any]) -> T:
    return cls(**_known(cls, value))
