"""The little linear algebra and statistics that a fit needs. Pure.

Three unknowns: that is no reason for a library of a hundred megabytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

NORMAL = 1.959963985  # the 97.5 % quantile of the normal distribution
# the 97.5 % quantiles of Student's t for 1, 2, … degrees of freedom (NIST/SEMATECH e-Handbook,
# 1.3.6.7.2)
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float] | None:
    """The solution of a system of equations (Gauss, with pivots); None when there is none."""
    size = len(matrix)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows[row][at]))
        rows[at], rows[pivot] = rows[pivot], rows[at]
        if rows[at][at] == 0:
            return None
        for row in range(at + 1, size):
            factor = rows[row][at] / rows[at][at]
            rows[row] = [x - factor * y for x, y in zip(rows[row], rows[at], strict=True)]
    found = [0.0] * size
    for at in reversed(range(size)):
        known = sum(rows[at][k] * found[k] for k in range(at + 1, size))
        found[at] = (rows[at][size] - known) / rows[at][at]
    return found


def invert(matrix: Sequence[Sequence[float]]) -> list[list[float]] | None:
    """The inverse; None when there is none."""
    size = len(matrix)
    columns = []
    for place in range(size):
        column = solve(matrix, [1.0 if at == place else 0.0 for at in range(size)])
        if column is None:
            return None
        columns.append(column)
    return [[columns[j][i] for j in range(size)] for i in range(size)]


def student(freedom: int) -> float:
    """The 97.5 % quantile of Student's t; beyond the table by Cornish and Fisher's series."""
    if freedom <= len(STUDENT):
        return STUDENT[freedom - 1]
    z = NORMAL
    first = (z**3 + z) / (4 * freedom)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    return z + first + second + third


def mean(values: Sequence[float]) -> float:
    """The mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean; with one value alone nothing is known: it is that value."""
    middle = mean(values)
    if len(values) < 2:
        return middle, middle
    variance = sum((each - middle) ** 2 for each in values) / (len(values) - 1)
    half = student(len(values) - 1) * sqrt(variance / len(values))
    return middle - half, middle + half
