"""Which control groups there are and what is written into them to cap a dyno. Pure.

cgroups(7), and the kernel's "Control Group v2": a process is in one group of each hierarchy. The
CPU of a group is capped by quota and period; memory is capped far above what R15 kills for, as a
safety net between two looks of the metering. Of version 1 only the CPU is used: a dyno's memory is
measured anyway, and a group's accounting has a price there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# microseconds; a fifth of the kernel's own, so that a dyno with a sixth of a core waits for its
# next turn 17 ms and not 83
PERIOD = 20_000
QUOTA_MIN = 1000  # the kernel takes no less
NET = 3  # times the quota of memory; R15 is said above twice
BASE = "localku-"  # begins the name of the group that holds those of one platform


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """version: 1 or 2. top: where it is mounted. own: the folder of this process's group."""

    version: int
    top: str
    own: str

    def upward(self) -> Iterator[str]:
        """The folders in which groups could be made: the own group, then those above it."""
        folder = self.own
        while True:
            yield folder
            if folder == self.top or len(folder) <= len(self.top):
                return
            folder = os.path.dirname(folder)


def hierarchies(membership: str, mounts: str) -> list[Hierarchy]:
    """Those that can cap a CPU, version 2 first. membership: /proc/self/cgroup; mounts:
    /proc/self/mountinfo (proc(5))."""
    paths = {}
    for line in membership.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            paths[2] = path
        elif "cpu" in controllers.split(","):
            paths[1] = path
    found = []
    for version, root, top in _mounted(mounts):
        own = _below(paths.pop(version, ""), root, top)
        if own:
            found.append(Hierarchy(version, top, own))
    return sorted(found, key=lambda each: -each.version)


def _mounted(mounts: str) -> Iterator[tuple[int, str, str]]:
    """(version, root within the hierarchy, mount point) of each that is mounted."""
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        fields, kinds = left.split(), right.split()
        if len(fields) < 5 or len(kinds) < 3:
            continue
        root, top = _unescaped(fields[3]), _unescaped(fields[4])
        if kinds[0] == "cgroup2":
            yield 2, root, top
        elif kinds[0] == "cgroup" and "cpu" in kinds[2].split(","):
            yield 1, root, top


def _unescaped(word: str) -> str:
    for code, sign in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        word = word.replace(code, sign)
    return word


def _below(path: str, root: str, top: str) -> str:
    """The folder of a group, or "" when it is not under this mount (another namespace's)."""
    if not path or ".." in path.split("/"):
        return ""
    if root != "/":
        if path != root and not path.startswith(root + "/"):
            return ""
        path = path[len(root) :]
    return (top + path).rstrip("/") or "/"


def limits(
    version: int, controllers: Iterable[str], cpu: float, memory: int
) -> list[tuple[str, str]]:
    """(file, text) to write into a new group. cpu: cores, 0 for no cap. memory: the dyno's quota
    in bytes, 0 for none. controllers: those that groups have here."""
    wanted = []
    if cpu > 0:
        quota = max(QUOTA_MIN, round(cpu * PERIOD))
        if version == 2:
            wanted.append(("cpu.max", f"{quota} {PERIOD}"))
        else:
            wanted += [("cpu.cfs_period_us", str(PERIOD)), ("cpu.cfs_quota_us", str(quota))]
    if version == 2 and memory > 0 and "memory" in controllers:
        wanted += [("memory.max", str(NET * memory)), ("memory.oom.group", "1")]
    return wanted
