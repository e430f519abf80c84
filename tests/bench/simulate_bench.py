"""How many requests `localku simulate` simulates in a second, for each policy, on one core.

    .venv/bin/python tests/bench/simulate_bench.py [--requests 2000000] [--runs 5] [--check]

A figure is the best of some runs, in requests per second of CPU time (the clock of the process:
what others do on the machine costs less of it, but not nothing, as they share caches). It has all
in it: random numbers, queues, and the percentiles at the end. --check: exit status 1 if a promise
is not kept. Beside them the exact simulation, with the router's policy objects.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable

from localku.router.policy import LEAST_CONNECTIONS, RANDOM, ROUND_ROBIN, TWO_CHOICES
from localku.simulate.laws import Exponential, Law, LogNormal
from localku.simulate.scenario import ONE_QUEUE, POLICIES, Scenario, simulate

PROMISED = {
    RANDOM: 8_000_000,
    ROUND_ROBIN: 8_000_000,
    LEAST_CONNECTIONS: 1_000_000,
    TWO_CHOICES: 1_000_000,
}
DYNOS, LOAD = 20, 0.7
LAWS: tuple[Law, ...] = (Exponential(30.0), LogNormal(20.0, 200.0))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    print(f"{DYNOS} dynos, {LOAD:.0%} busy; M requests per second of CPU, best of {given.runs}\n")
    print("| policy | exp | lognormal | exact | promised |\n|---|---|---|---|---|")
    missed = []
    for policy in POLICIES:
        rates = [speed(case(law, policy, given.requests), given.runs) for law in LAWS]
        exact = "–"
        if policy != ONE_QUEUE:
            slow = case(LAWS[0], policy, given.requests // 10, exact=True)
            exact = f"{speed(slow, given.runs) / 1e6:.2f}"
        promise = PROMISED.get(policy, 0)
        told = f"{promise / 1e6:g}" if promise else "–"
        print(f"| {policy} | {' | '.join(f'{r / 1e6:.2f}' for r in rates)} | {exact} | {told} |")
        if rates[0] < promise:
            missed.append(policy)
    if missed and given.check:
        print(f"\nbelow the promise: {', '.join(missed)}")
    return 1 if missed and given.check else 0


def case(law: Law, policy: str, requests: int, exact: bool = False) -> Scenario:
    """What is simulated."""
    rate = LOAD * DYNOS * 1000 / law.mean
    return Scenario(rate, law, DYNOS, policy, requests=requests, exact=exact)


def speed(scenario: Scenario, runs: int, clock: Callable[[], float] = time.process_time) -> float:
    """Requests per second, the best of some runs."""
    best = float("inf")
    for seed in range(runs):
        begun = clock()
        simulate(scenario, random.Random(seed))
        best = min(best, clock() - begun)
    return scenario.requests / best


if __name__ == "__main__":
    sys.exit(main())
