"""Which process belongs to which run of a dyno. START PATH.

A run's leader opens a session; what stays in it, or descends from it, is the run's. An orphan that
left the session is adopted by the init process, and is known by what it inherited: the pipe or
terminal that it speaks through, or the mark in its environment. Who cleared all of that is a stray:
nobody's, but ended with everything else.
"""

from __future__ import annotations

import os

from localku.dynos import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = "LOCALKU_DYNO_ID"
STRAY = -1


class Run:
    """One run of a dyno: its leader is the pid, group and session of the dyno.

    sinks: (device, inode) of what it was given to speak through. reaped: the leader is dead.
    doomed: it was sent SIGKILL, so whatever of it still turns up gets the same. group: the folder
    of its control group, or "".
    """

    __slots__ = ("doomed", "group", "leader", "reaped", "sinks")

    def __init__(self, leader: int, sinks: frozenset[tuple[int, int]], group: str = "") -> None:
        self.leader = leader
        self.sinks = sinks
        self.reaped = False
        self.doomed = False
        self.group = group


class Census:
    """All runs below the process `me`, and a count of their processes when asked."""

    def __init__(self, me: int) -> None:
        self.me = me
        self.runs: dict[int, Run] = {}
        self._adopted: dict[int, int] = {}  # pid of an orphan -> key of its run, or STRAY

    def count(self) -> dict[int, list[tree.Proc]]:
        """Read the process table: every living descendant, by the key of its run or STRAY."""
        table = tree.scan()
        by_leader = {run.leader: key for key, run in self.runs.items()}
        owner: dict[int, int] = {}
        found: dict[int, list[tree.Proc]] = {}
        for proc in self._below(table, by_leader):
            key = owner.get(proc.parent, STRAY)
            if key == STRAY:
                key = self._attribute(proc, by_leader)
            owner[proc.pid] = key
            found.setdefault(key, []).append(proc)
        return found

    def bury(self, pids: Iterable[int]) -> None:
        """These were reaped: their numbers may come back as somebody else's."""
        for pid in pids:
            self._adopted.pop(pid, None)

    def key_of_leader(self, pid: int) -> int | None:
        """The run that `pid` leads, if it leads one."""
        return next((key for key, run in self.runs.items() if run.leader == pid), None)

    def _below(self, table: dict[int, tree.Proc], by_leader: dict[int, int]) -> list[tree.Proc]:
        below = tree.descendants(table, self.me)
        if tree.LINUX:
            return below
        # no subreaper: what lost its parent is still known by the group that its leader opened
        known = {proc.pid for proc in below}
        strays = [p for p in table.values() if p.session in by_leader and p.pid not in known]
        return below + strays

    def _attribute(self, proc: tree.Proc, by_leader: dict[int, int]) -> int:
        if proc.pid in by_leader:
            return by_leader[proc.pid]
        if proc.session in by_leader:
            return by_leader[proc.session]
        if proc.pid not in self._adopted:
            self._adopted[proc.pid] = self._inherited(proc.pid)
        return self._adopted[proc.pid]

    def _inherited(self, pid: int) -> int:
        ours, _, mark = tree.marker(pid, MARKER.encode()).partition(b".")
        if mark.isdigit() and ours == b"%d" % self.me and int(mark) in self.runs:
            return int(mark)
        speaks = {identity for fd in (1, 2, 0) if (identity := _identity(f"/proc/{pid}/fd/{fd}"))}
        return next((key for key, run in self.runs.items() if speaks & run.sinks), STRAY)


def sinks_of(fds: list[int]) -> frozenset[tuple[int, int]]:
    """The identities of the pipe or terminal among the fds that a run is given."""
    found = {identity for fd in fds if (identity := _identity(fd))}
    null = _identity(os.devnull)
    return frozenset(found - {null})


def _identity(place: str | int) -> tuple[int, int] | None:
    try:
        it = os.stat(place)
    except OSError:
        return None
    return it.st_dev, it.st_ino
