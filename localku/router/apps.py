"""What the router keeps for an app between two tables: turns, pools, queues, counts.

The table is immutable and replaced whole; these objects carry over what must survive it: who had
the last turn, which connections are open, who waits for a dyno, how much is in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localku.router.affinity import Bindings
from localku.router.policy import Below, Policy, make_policy
from localku.router.quarantine import Quarantine
from localku.router.settings import RouterSettings
from localku.router.table import AppRoute, Upstream
from localku.router.upstream import Dyno

if TYPE_CHECKING:
    from localku.router.exchange import Exchange


class App:
    """One app behind the router.

    parked: requests that wait for a dyno, in the order they came; bounded by limit.
    inflight: requests of this app in the router. limit: how many are let in (H11 beyond).
    lines: log lines of this turn of the loop. bindings: of session affinity, None without.
    """

    __slots__ = (
        "_below",
        "_policy_name",
        "_settings",
        "bindings",
        "dynos",
        "inflight",
        "limit",
        "lines",
        "name",
        "parked",
        "policy",
        "quarantine",
        "route",
    )

    def __init__(self, name: str, settings: RouterSettings, below: Below) -> None:
        self.name = name
        self.route = AppRoute(name)
        self.dynos: dict[Upstream, Dyno] = {}
        self.quarantine: Quarantine[Dyno] = Quarantine(settings.quarantine)
        self.parked: dict[Exchange, None] = {}
        self.inflight = 0
        self.limit = 0
        self.lines: list[bytes] = []
        self.policy: Policy[Dyno] = make_policy(self.route.policy, below)
        self._policy_name = self.route.policy
        self.bindings: Bindings | None = None
        self._below = below
        self._settings = settings

    def update(self, route: AppRoute) -> None:
        """Take over a new route: new dynos join, vanished ones keep only what is in flight."""
        self.route = route
        before = self.dynos
        self._bind(route)
        self.dynos = {up: before.get(up) or Dyno(up) for up in route.upstreams}
        for upstream, dyno in before.items():
            if upstream not in self.dynos:
                dyno.retire()
        if route.policy != self._policy_name:
            self.policy = make_policy(route.policy, self._below)
            self._policy_name = route.policy
        self.policy.members(list(self.dynos.values()))
        self.quarantine.keep(set(self.dynos.values()))
        running = len(self.dynos) or route.quantity or 1
        self.limit = self._settings.backlog_per_dyno * running

    def _bind(self, route: AppRoute) -> None:
        self.bindings = Bindings(route.affinity) if route.affinity else None
        if self.bindings is not None:
            self.bindings.members(route.upstreams)

    def choose_bound(self, lines: list[bytes], tried: set[Dyno], now: float) -> Dyno | None:
        """choose(), but first the dyno that the request's cookie names. lines: its fields."""
        upstream = self.bindings.find(lines) if self.bindings is not None else None
        dyno = self.dynos.get(upstream) if upstream is not None else None
        if dyno is None or dyno in tried or dyno in self.quarantine.held(now):
            return self.choose(tried, now)
        return dyno

    def choose(self, tried: set[Dyno], now: float) -> Dyno | None:
        """The dyno for an attempt: neither tried already nor in quarantine; None without one."""
        if self.quarantine.resting:
            return self.policy.choose(self.quarantine.held(now) | tried)
        return self.policy.choose(tried)
