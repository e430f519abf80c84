"""From samples to tables and verdicts. Pure: values in, text out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Samples = Mapping[str, Mapping[str, Sequence[float]]]
BASE = "honcho"


@dataclass(frozen=True)
class Promise:
    """A goal and what was measured; a missing figure keeps no promise."""

    what: str
    value: float
    limit: float
    form: str = ".2f"

    @property
    def is_kept(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        shown = "no figure" if math.isnan(self.value) else f"{self.value:{self.form}}"
        word = "kept" if self.is_kept else "NOT KEPT"
        return f"- {self.what}: {shown}, at most {self.limit:{self.form}}: {word}"


@dataclass(frozen=True)
class Section:
    """What a trial found. samples: for --json; text: its tables."""

    samples: object
    text: str
    promises: list[Promise]


def middle(samples: Samples, manager: str, figure: str) -> float:
    """The median of a figure; not a number when there is none."""
    values = samples.get(manager, {}).get(figure, ())
    return statistics.median(values) if values else math.nan


def best(samples: Samples, manager: str, figure: str) -> float:
    """The smallest value of a figure; not a number when there is none."""
    return min(samples.get(manager, {}).get(figure, ()), default=math.nan)


def ratio(
    samples: Samples,
    manager: str,
    figure: str,
    of: Callable[[Samples, str, str], float] = middle,
) -> float:
    """A figure as a part of honcho's; not a number without one of the two."""
    below = of(samples, BASE, figure)
    return of(samples, manager, figure) / below if below else math.nan


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least that part of all values does not exceed."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table: the first column to the left, the others to the right."""
    lines = [list(head), ["---", *("---:" for _ in head[1:])], *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values: Sequence[float], digits: int = 1) -> str:
    """`20.0 (18.9-22.1)`: median, smallest and largest."""
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def comparison(
    samples: Samples, names: Sequence[str], figures: Mapping[str, int], ratios: Sequence[str]
) -> str:
    """One row a manager. figures: the columns, with their digits; ratios: those with a ratio.

    Where there are several runs, the ratio of medians is followed by the ratio of the best runs.
    """
    head = ["manager"]
    for figure in figures:
        head += [figure, f"x {BASE}"] if figure in ratios else [figure]
    rows = []
    for name in names:
        own = samples.get(name)
        row = [name]
        for figure, digits in figures.items():
            row.append(spread(own.get(figure, ()), digits) if own else "failed")
            if figure in ratios:
                row.append(share(samples, name, figure))
        rows.append(row)
    return table(head, rows)


def share(samples: Samples, name: str, figure: str) -> str:
    """`0.28 (best 0.27)`: the ratio of the medians, and that of the best runs."""
    part = ratio(samples, name, figure)
    if math.isnan(part):
        return "-"
    least = ratio(samples, name, figure, best)
    several = len(samples[name][figure]) > 1
    return f"{part:.2f} (best {least:.2f})" if several else f"{part:.2f}"
