"""What every platform has: dyno sizes, the region, the stack. Pure.

Dyno sizes: Dev Center, "Dyno Types" (2024). What a size costs there is shown, so that a formation
can be priced as Heroku would. Heroku counts compute in units and does not say what one is; here it
is a sixth of a core: the 12 of a Performance-M are two cores, the 50 of a Performance-L are eight,
and the one of a Standard-1X, which shares its machine, is what it can count on when all are busy.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DynoSize:
    """name: as the CLI shows it. memory: GB. compute: units of CPU. cents: US cents a month."""

    name: str
    memory: float
    compute: int
    dedicated: bool
    cents: int

    @property
    def cores(self) -> float:
        """What a capped dyno of this size may use of this machine."""
        return self.compute / UNITS

    @property
    def quota(self) -> int:
        """Bytes (R14)."""
        return int(self.memory * (1 << 30))


UNITS = 6  # of compute are a core
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
