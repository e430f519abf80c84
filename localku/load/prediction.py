"""What queueing says before it is measured: p95 for each count, by the simulation. Pure.

The service times are those of the step in which requests waited least; the routing policy is the
app's. It knows neither a lock that the dynos share nor the cores of this machine: what was measured
above the prediction is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence

from localku.load.result import Step
from localku.load.summary import Histogram, Summary
from localku.simulate.chance import Rng
from localku.simulate.predict import predict

SAMPLE = 1000  # service times
REQUESTS = 30_000  # simulated ones for each count


def predictions(
    steps: Sequence[Step], found: Sequence[Summary], policy: str, concurrency: int, rng: Rng
) -> dict[int, float]:
    """p95 in ms by count, of those that the theory can bear. policy: the router's. concurrency:
    requests that a dyno works on at the same time."""
    times = service_times(steps)
    predicted: dict[int, float] = {}
    for each in found if times else ():
        if not each.offered:
            continue
        outcome = predict(
            each.offered, times, each.count, concurrency, policy, rng=rng, requests=REQUESTS
        )
        if not outcome.is_overloaded:
            predicted[each.count] = outcome.p95.value
    return predicted


def service_times(steps: Sequence[Step]) -> list[float]:
    """A sample of them, ms: the latencies of the least loaded step, brought to the mean that the
    router has for the dynos' own part. Nothing without the router's lines."""
    known = [each for each in steps if each.service.count and each.histogram and not each.failed]
    if not known:
        return []
    least = min(known, key=lambda each: each.service.mean)
    if not least.latency.mean:
        return []
    part = min(1.0, least.service.mean / least.latency.mean)
    return [value * part for value in evenly(least.histogram, SAMPLE)]


def evenly(histogram: Histogram, number: int) -> list[float]:
    """So many values, spread as the histogram is."""
    total = sum(times for _, times in histogram)
    values: list[float] = []
    seen = 0
    for bound, times in histogram:
        seen += times
        while len(values) < number and (len(values) + 0.5) / number * total <= seen:
            values.append(bound)
    return values
