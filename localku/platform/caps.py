"""How much of this machine a dyno may use, and the words for it. Pure.

Nobody's app is slowed down without being asked: a process type is capped when somebody chose its
size (`ps:type`, `ps:scale web=2:standard-2x`) or said --dyno-cpu, all are with --cap-dynos, none is
with --no-cap-dynos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localku.platform.catalog import DEFAULT_SIZE, find_size

if TYPE_CHECKING:
    from localku.manifest.settings import TypeSettings

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Cap:
    """cpu: cores. memory: bytes, the quota of R14 and R15; 0 for none."""

    cpu: float
    memory: int

    def __str__(self) -> str:
        quota = f", {self.memory // MB}MB" if self.memory else ""
        return f"{self.cpu:.3g} {'core' if self.cpu <= 1 else 'cores'}{quota}"


def cap_of(own: TypeSettings, every: bool | None, chosen: str) -> Cap | None:
    """The cap of a process type. every: --cap-dynos, --no-cap-dynos or neither. chosen: the size
    that somebody chose for it, or ""."""
    if every is False or not (every or chosen or own.cpu):
        return None
    size = find_size(chosen or (DEFAULT_SIZE if every else ""))
    memory = own.memory or (size.quota if size is not None else 0)
    cpu = own.cpu or (size.cores if size is not None else 0.0)
    return Cap(cpu, memory)


def described(caps: dict[str, Cap], mechanism: str, why: str) -> list[str]:
    """What is capped, or why it is not. caps: by process type. mechanism: `cgroup v2`, or "" for
    none. why: the reason then."""
    if not caps:
        return []
    each = "; ".join(f"{kind} at {cap}" for kind, cap in caps.items())
    if mechanism:
        return [f"Capped by {mechanism}: {each}"]
    return [
        f"Not capped, only observed: {each}",
        f"No control group for dynos: {why}",
        "Their memory is measured and judged (R14, R15); their CPU is not limited",
    ]
