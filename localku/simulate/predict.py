"""What a load would do to some dynos, from service times that were measured. Pure.

    rng = random.Random(7)
    predict(200, [31, 28, 40, ...], dynos=4, concurrency=1, policy="random", rng=rng).p95.value

rate: requests a second, Poisson. service_times: ms, at least one, without queueing (the `service=`
of the router's lines at a low load), or a law of localku.simulate.laws. policy: one of the router's
(`random`, `round-robin`, `two-choices`, `least-connections`), or `one-queue`, the ideal. Comes out
an Outcome: mean, p50, p90, p95, p99, p999, wait (ms, each with its error at 95 %), waits (the share
that waits), utilisation (of a dyno), is_overloaded. `pct(outcome)` makes of it the PCT of a load
report. 100,000 requests take 0.02 to 0.2 s. ValueError for what cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence

from localku.simulate.chance import Rng
from localku.simulate.laws import Constant, Empirical, Law
from localku.simulate.outcome import Outcome
from localku.simulate.scenario import POLICIES, Scenario, simulate

REQUESTS = 100_000


def predict(
    rate: float,
    service_times: Sequence[float] | Law,
    dynos: int,
    concurrency: int = 1,
    policy: str = "round-robin",
    *,
    rng: Rng,
    routers: int = 1,
    requests: int = REQUESTS,
) -> Outcome:
    """Simulate that many requests. Raises ValueError."""
    if rate <= 0 or dynos < 1 or concurrency < 1 or routers < 1 or requests < 1:
        raise ValueError("rate, dynos, concurrency, routers and requests must be above 0")
    if policy not in POLICIES:
        raise ValueError(f"unknown routing policy: {policy}")
    law = as_law(service_times)
    return simulate(
        Scenario(rate, law, dynos, policy, concurrency, routers, requests=requests), rng
    )


def as_law(service_times: Sequence[float] | Law) -> Law:
    """The law of some times, ms; a law is itself."""
    if not isinstance(service_times, Sequence):
        return service_times
    if len(service_times) == 1:
        return Constant(service_times[0])
    return Empirical(service_times)


def pct(outcome: Outcome) -> dict[str, float]:
    """The latencies as a load report has them: ms, to a microsecond."""
    figures = {
        "count": outcome.count,
        "mean": outcome.mean.value,
        "p50": outcome.p50.value,
        "p90": outcome.p90.value,
        "p95": outcome.p95.value,
        "p99": outcome.p99.value,
        "p999": outcome.p999.value,
        "max": outcome.most,
    }
    return {name: round(value, 3) for name, value in figures.items()}
