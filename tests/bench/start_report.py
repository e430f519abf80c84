"""From samples to tables and verdicts. Pure: values in, text out."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

Samples = Mapping[str, Mapping[str, Sequence[float]]]
BASE = "honcho"


def median(samples: Samples, manager: str, figure: str) -> float:
    """The median of a figure; not a number when there is none."""
    values = samples.get(manager, {}).get(figure, ())
    return statistics.median(values) if values else math.nan


def ratio(samples: Samples, manager: str, figure: str, base: str = BASE) -> float:
    """A median as a part of honcho's; not a number without one of the two."""
    below = median(samples, base, figure)
    return median(samples, manager, figure) / below if below else math.nan


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
    """One row a manager. figures: the columns, with their digits; ratios: those with a ratio."""
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
                part = ratio(samples, name, figure)
                row.append("-" if math.isnan(part) else f"{part:.2f}")
        rows.append(row)
    return table(head, rows)


def verdict(what: str, value: float, limit: float, form: str = ".2f") -> tuple[bool, str]:
    """Whether a promise is kept, and the line that says so. A missing figure is no kept promise."""
    kept = value <= limit
    shown = "no figure" if math.isnan(value) else f"{value:{form}}"
    word = "kept" if kept else "NOT KEPT"
    return kept, f"- {what}: {shown}, at most {limit:{form}}: {word}"
