"""What every platform has: dyno sizes, the region, the stack. Pure.

Dyno sizes: Dev Center, "Dyno Types" (2024). Here a size is a name and a memory; what it costs there
is shown, so that a formation can be priced as Heroku would.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DynoSize:
    """name: as the CLI shows it. memory: GB. compute: shares of CPU. cents: US cents a month."""

    name: str
    memory: float
    compute: int
    dedicated: bool
    cents: int


SIZES = (
    DynoSize("Eco", 0.5, 1, False, 500),
    DynoSize("Basic", 0.5, 1, False, 700),
    DynoSize("Standard-1X", 0.5, 1, False, 2500),
    DynoSize("Standard-2X", 1, 2, False, 5000),
    DynoSize("Performance-M", 2.5, 12, True, 25000),
    DynoSize("Performance-L", 14, 50, True, 50000),
    DynoSize("Performance-L-RAM", 30, 24, True, 50000),
    DynoSize("Performance-XL", 62, 50, True, 75000),
    DynoSize("Performance-2XL", 126, 100, True, 150000),
)
DEFAULT_SIZE = "Standard-1X"
HERE = "local"  # the region and the stack: this machine


def find_size(word: str) -> DynoSize | None:
    """The size of that name in any case, or None."""
    return next((size for size in SIZES if size.name.lower() == word.lower()), None)
