"""When a crashed dyno starts again: at once, then after a cool-off that doubles.

The shape is Heroku's (Dev Center, Dynos, "Automatic dyno restarts"; there 10 min doubling to 24 h).
Pure: `now` is monotonic seconds, given by the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BackoffPolicy:
    """first, longest: seconds of the first cool-off and the most it doubles to.

    forgiven_after: seconds of uptime after which a crash counts as a first one again.
    restarts: False where the first crash ends it all (--exit-on-crash).
    """

    first: float = 1.0
    longest: float = 60.0
    forgiven_after: float = 60.0
    restarts: bool = True


class Backoff:
    """Counts one dyno's crashes in a row."""

    __slots__ = ("crashes", "policy")

    def __init__(self, policy: BackoffPolicy) -> None:
        self.policy = policy
        self.crashes = 0

    def crashed(self, uptime: float) -> float:
        """Tell a crash after `uptime` seconds; returns the seconds until the next start.

        inf: it never starts again by itself.
        """
        if not self.policy.restarts:
            return math.inf
        if uptime >= self.policy.forgiven_after:
            self.crashes = 0
        self.crashes += 1
        if self.crashes == 1:
            return 0.0
        doublings = min(self.crashes - 2, 64)
        return float(min(self.policy.longest, self.policy.first * 2**doublings))

    def clear(self) -> None:
        """Forget all crashes: a person changed something (a restart, a new config, a new file)."""
        self.crashes = 0
