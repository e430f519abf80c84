"""What one step of a load test is to do, as a value: whom to ask for what, how often, how long."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from localku.load.rates import Profile
from localku.load.result import OPEN, POISSON, Percentiles

MAX_CONNECTIONS = 1000
TIMEOUT = 35.0  # seconds: the router ends a request after 30 (H12), and that is to be seen
WARMUP = 2.0
DURATION = 10.0
RATE = 50.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go. url: as it is shown. address, port: to connect to. host: of the Host
    field. tls: how to verify it, None for plain http; server_name: of TLS, "" for an address."""

    url: str
    address: str
    port: int
    host: str
    tls: ssl.SSLContext | None = None
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One kind of request. path: with its query. weight: its share among the others."""

    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class RouterView:
    """What the router's own lines say of some seconds. seen: lines. share: requests by dyno."""

    seen: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)
    connect: Percentiles = Percentiles()
    service: Percentiles = Percentiles()
    share: Mapping[str, int] = field(default_factory=dict)


class RouterLines(Protocol):
    """The source of the router's own lines; localku.load.routerlines has the real one."""

    async def since(self, moment: float) -> RouterView:
        """What was since then (seconds since 1970, a whole number). Raises UserError."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One step. With dataclasses.replace() a sweep makes the next one of it.

    asks: taken in turn, as their weights say; in_order: as they stand (a HAR), weights aside.
    mode, arrivals: as in the result. rate: of the open mode. connections: of the closed mode, one
    request each; max_connections, max_in_flight: of the open mode, what waits beyond them keeps its
    intended time. duration, warmup, timeout: seconds. router: None for a foreign URL. dynos,
    repeat: only told on, into the step.
    """

    target: Target
    asks: tuple[Ask, ...] = (Ask(),)
    in_order: bool = False
    mode: str = OPEN
    arrivals: str = POISSON
    rate: Profile = Profile.flat(RATE)
    connections: int = 10
    max_connections: int = MAX_CONNECTIONS
    max_in_flight: int = MAX_CONNECTIONS
    duration: float = DURATION
    warmup: float = WARMUP
    timeout: float = TIMEOUT
    seed: int = 1
    router: RouterLines | None = None
    dynos: Mapping[str, int] = field(default_factory=dict)
    repeat: int = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How a step goes, each second. phase: warm-up, measured or ending. t, duration: seconds of the
    phase. offered: the rate now, None in closed mode. done, failed, p50, p99: of the last second;
    total: since the start of the phase. waiting: arrivals that are due and not yet sent."""

    phase: str
    t: float
    duration: float
    offered: float | None
    done: int
    failed: int
    total: int
    in_flight: int
    waiting: int
    connections: int
    p50: float
    p99: float
    cpu: float
