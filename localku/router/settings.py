"""Every number of the router, with Heroku's value as the default.

Times are seconds as float, so that a test or a lesson can scale them all at once.
Sources: Dev Center "HTTP Routing" (2025) and Heroku's open-source proxy vegur.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

CLASSIC = "classic"
ROUTER_2 = "2.0"

_TIMES = (
    "request_timeout",
    "idle_timeout",
    "connect_timeout",
    "quarantine",
    "boot_wait",
    "client_keepalive",
    "upstream_keepalive",
    "head_timeout",
    "linger",
)


@dataclass(frozen=True, slots=True)
class RouterSettings:
    """How the router behaves.

    request_timeout: until the first response byte, once the request is sent (H12).
    idle_timeout: rolling, reset by every byte of either side after that (H15, H28).
    connect_timeout: until the dyno accepts (H19). quarantine: rest for a dyno that did not accept.
    boot_wait: how long a request waits for a first dyno (H20) or an end of quarantine (H34).
    connect_tries: dynos tried for one request. client_keepalive: idle client connections.
    upstream_keepalive: idle dyno connections; 0 closes after each request, as the classic router.
    head_timeout: for a whole request head (408). linger: for a client to read a refusal.
    backlog_per_dyno: requests in flight per web dyno of an app (H11).
    log_format: "classic" or "2.0". forwarded_proto: X-Forwarded-Proto; "https" also marks the log.
    forwarded_port: X-Forwarded-Port; 0 means the port that the client connected to.
    """

    request_timeout: float = 30.0
    idle_timeout: float = 55.0
    connect_timeout: float = 5.0
    quarantine: float = 5.0
    boot_wait: float = 75.0
    connect_tries: int = 10
    client_keepalive: float = 60.0
    upstream_keepalive: float = 90.0
    head_timeout: float = 60.0
    linger: float = 2.0
    backlog_per_dyno: int = 200
    log_format: str = CLASSIC
    forwarded_proto: str = "http"
    forwarded_port: int = 0

    def scaled(self, factor: float) -> RouterSettings:
        """The same settings with every time multiplied by factor (0.1: ten times as fast)."""
        return replace(self, **{name: getattr(self, name) * factor for name in _TIMES})

    def shortest(self) -> float:
        """The shortest deadline that can occur, seconds: how fine the sweep must be."""
        times: list[float] = [getattr(self, name) for name in _TIMES]
        return min((time for time in times if time > 0), default=1.0)
