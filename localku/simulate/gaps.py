"""The time between two arrivals, in milliseconds, as one dyno or all of them see it. Pure.

Where a policy looks at nothing, each dyno has a stream of its own, and can be simulated alone:
- random routing thins a Poisson stream into a Poisson stream (of a constant one, it leaves
  geometric gaps);
- in round robin each dyno gets every n-th request: the sum of n gaps (Erlang's law for Poisson).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from math import ceil, exp, lgamma, log, sqrt

POISSON = "poisson"
CONSTANT = "constant"
ARRIVALS = (POISSON, CONSTANT)
GRID = 2048  # steps of the table from which Erlang's law is drawn


def all_gaps(arrivals: str, gap: float) -> Callable[[float], float]:
    """Quantiles of the gaps that all dynos together see. gap: the mean, ms."""
    if arrivals == CONSTANT:
        return lambda share: gap
    return lambda share: -log(1.0 - share) * gap


def random_gaps(arrivals: str, gap: float, dynos: int) -> Callable[[float], float]:
    """Those that one of `dynos` sees when each request goes to any of them."""
    if arrivals == POISSON or dynos == 1:
        return all_gaps(arrivals, gap * dynos)
    scale = 1 / log(1 - 1 / dynos)
    return lambda share: gap * max(1, ceil(log(1.0 - share) * scale))


def turn_gaps(arrivals: str, gap: float, dynos: int) -> Callable[[float], float]:
    """Those that one of `dynos` sees when they take turns."""
    if arrivals == CONSTANT or dynos == 1:
        return all_gaps(arrivals, gap * dynos)
    grid = erlang_grid(dynos)

    def quantile(share: float) -> float:
        place = share * GRID
        step = int(place)
        low, high = grid[step], grid[step + 1]
        return gap * (low + (high - low) * (place - step))

    return quantile


@lru_cache(maxsize=64)
def erlang_grid(stages: int) -> tuple[float, ...]:
    """GRID + 1 quantiles of the sum of `stages` exponential times of mean 1; its mean is exact.

    The distribution function is summed up on a fine grid and turned around.
    """
    spread = sqrt(stages)
    top = stages + 9 * spread + 12
    steps = 4 * GRID
    width = top / steps
    floor = lgamma(stages)
    sums, total = [0.0], 0.0
    for step in range(steps):
        x = (step + 0.5) * width
        total += exp((stages - 1) * log(x) - x - floor)
        sums.append(total)
    sums = [value / total for value in sums]
    grid = []
    for place in range(GRID):
        share = place / GRID
        at = max(1, bisect_right(sums, share))
        low, high = sums[at - 1], sums[at]
        grid.append(width * (at - 1 + (share - low) / (high - low or 1)))
    # the last step reaches twice as far as the mean of what lies above: that keeps the mean
    above = [(step, sums[step + 1] - sums[step]) for step in range(steps) if sums[step] >= share]
    weight = sum(part for _, part in above)
    beyond = sum((step + 0.5) * width * part for step, part in above) / weight
    grid.append(2 * beyond - grid[-1])
    mean = sum((low + high) / 2 for low, high in zip(grid, grid[1:], strict=False)) / GRID
    return tuple(value * stages / mean for value in grid)
