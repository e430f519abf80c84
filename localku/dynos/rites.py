"""The end of everything below a process: SIGTERM, a short grace, SIGKILL, until nothing is left.

The init process does it when localku is gone; localku does it when its init process is gone.
START PATH.
"""

from __future__ import annotations

import os
import time

from localku.dynos import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

SIGHUP, SIGTERM, SIGKILL = 1, 15, 9
SIGCONT = 18 if tree.LINUX else 19
GRACE = 2.0  # seconds between SIGTERM and SIGKILL: all is over within five
LOOK = 0.02  # seconds between looks


def send(pid: int, number: int) -> None:
    """Signal a process or, below zero, a group; one that is gone already is no error."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass  # it went by itself, or gave itself rights that we lack


def below(root: int, sessions: Collection[int]) -> list[tree.Proc]:
    """List what descends from `root` or is in one of `sessions` (where orphans are not adopted)."""
    table = tree.scan()
    found = {proc.pid: proc for proc in tree.descendants(table, root)}
    if sessions:
        found |= {p.pid: p for p in table.values() if p.session in sessions and p.pid != root}
    return list(found.values())


def end_all(sessions: Collection[int] = ()) -> None:
    """End all descendants of this process, and reap them. Blocks, five seconds at the most.

    A chain of processes that each fork the next and exit, deaf to SIGTERM, is ended, too.
    """
    me = os.getpid()
    now = time.monotonic()
    kill_at, give_up_at = now + GRACE, now + 2 * GRACE
    asked = False
    while True:
        reap_all()
        left = below(me, sessions)
        now = time.monotonic()
        if not left or now > give_up_at:  # what outlives SIGKILL hangs in the kernel
            return
        if now > kill_at:
            for proc in left:
                send(proc.pid, SIGKILL)
            _kill_newborn(me)
        elif not asked:
            for proc in left:
                send(proc.pid, SIGTERM)
                send(proc.pid, SIGCONT)
            asked = True
        time.sleep(LOOK if now < kill_at else 0)


def _kill_newborn(me: int) -> None:
    """Who forks faster than the table can be read is met at its youngest: the newest pids first,
    each killed as soon as it is known for one of ours."""
    for pid in tree.newest_pids():
        if tree.parent_of(pid) == me:
            send(pid, SIGKILL)


def reap_all() -> list[tuple[int, int]]:
    """Collect all dead children: (pid, wait status) of each."""
    dead: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return dead
        if pid == 0:
            return dead
        dead.append((pid, status))
