"""A small canvas of braille dots: two by four in each place of a terminal. Pure.

Curves and points in values of their own; the canvas finds the scales, and writes its axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

BLANK = 0x2800  # Unicode, "Braille Patterns"
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # rows from the top, two columns

Points = Sequence[tuple[float, float]]


class Canvas:
    """width, height: in places of the terminal. low, high: corners of what is shown, (x, y)."""

    def __init__(
        self, width: int, height: int, low: tuple[float, float], high: tuple[float, float]
    ) -> None:
        self.width = width
        self.height = height
        self.low = low
        self.high = (max(high[0], low[0] + 1e-9), max(high[1], low[1] + 1e-9))
        self._places = [[0] * width for _ in range(height)]
        self._letters: dict[tuple[int, int], str] = {}

    def _dot(self, x: float, y: float) -> tuple[int, int]:
        across = (x - self.low[0]) / (self.high[0] - self.low[0]) * (self.width * 2 - 1)
        up = (y - self.low[1]) / (self.high[1] - self.low[1]) * (self.height * 4 - 1)
        return round(across), self.height * 4 - 1 - round(up)

    def _set(self, column: int, row: int) -> None:
        if 0 <= column < self.width * 2 and 0 <= row < self.height * 4:
            self._places[row // 4][column // 2] |= DOTS[row % 4][column % 2]

    def line(self, points: Points) -> None:
        """Points, joined."""
        dots = [self._dot(x, y) for x, y in points]
        for (x1, y1), (x2, y2) in zip(dots, dots[1:], strict=False):
            steps = max(abs(x2 - x1), abs(y2 - y1), 1)
            for step in range(steps + 1):
                self._set(
                    x1 + round((x2 - x1) * step / steps), y1 + round((y2 - y1) * step / steps)
                )

    def mark(self, x: float, y: float, letter: str) -> None:
        """A letter at a point, over the dots."""
        column, row = self._dot(x, y)
        if 0 <= column < self.width * 2 and 0 <= row < self.height * 4:
            self._letters[row // 4, column // 2] = letter

    def lines(self) -> list[str]:
        """As text, without axes."""
        return [
            "".join(
                self._letters.get((row, column), chr(BLANK + dots) if dots else " ")
                for column, dots in enumerate(places)
            ).rstrip()
            for row, places in enumerate(self._places)
        ]

    def with_axes(self, unit: str, below: Sequence[tuple[float, str]]) -> list[str]:
        """With the values of y at the left, and words at places of x below."""
        names = {0: short(self.high[1]), self.height - 1: short(self.low[1])}
        names[self.height // 2] = short((self.high[1] + self.low[1]) / 2)
        margin = max(len(name) for name in names.values())
        lines = [f"{names.get(row, ''):>{margin}} ┤{text}" for row, text in enumerate(self.lines())]
        foot = [" "] * (self.width + 8)
        for x, word in below:
            at = min(self._dot(x, self.low[1])[0] // 2, self.width - 1)
            at = max(0, at - len(word) // 2)
            if all(each == " " for each in foot[max(0, at - 1) : at + len(word) + 1]):
                foot[at : at + len(word)] = word
        pad = " " * margin
        rule = f"{pad} └{'─' * self.width} {unit}"
        return [*lines, rule, f"{pad}  {''.join(foot).rstrip()}"]


def short(value: float) -> str:
    """A number in few letters."""
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def decades(points: Points) -> list[tuple[float, float]]:
    """The same with the logarithm of y; what is not above 0 is left out."""
    return [(x, log10(y)) for x, y in points if y > 0]
