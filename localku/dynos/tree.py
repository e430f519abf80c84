"""Which processes descend from whom: one reading of the process table.

Linux reads /proc; elsewhere `ps` is asked. START PATH by its importers: `os` and `sys` only.
"""

from __future__ import annotations

import os
import sys

LINUX = sys.platform.startswith("linux")


class Proc:
    """A row of the process table. A zombie counts as gone: it runs nothing and holds nothing."""

    __slots__ = ("group", "parent", "pid", "session")

    def __init__(self, pid: int, parent: int, group: int, session: int) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.session = session


def parse_stat(line: bytes) -> Proc | None:
    """Read /proc/PID/stat (proc(5)): the name may hold anything, so count from the last `)`."""
    head, _, tail = line.rpartition(b")")
    fields = tail.split(None, 5)
    if len(fields) < 5 or fields[0] in (b"Z", b"X"):
        return None
    return Proc(int(head.split(None, 1)[0]), int(fields[1]), int(fields[2]), int(fields[3]))


def _linux() -> dict[int, Proc]:
    table = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fd = os.open(f"/proc/{name}/stat", os.O_RDONLY)
        except OSError:
            continue  # it ended while we looked
        try:
            proc = parse_stat(os.read(fd, 1024))
        except OSError:
            continue
        finally:
            os.close(fd)
        if proc is not None:
            table[proc.pid] = proc
    return table


def parse_ps(text: str) -> dict[int, Proc]:
    """Read `ps -axo pid=,ppid=,pgid=,stat=`, which tells no session: the group stands in."""
    table = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 4 and not fields[3].startswith("Z"):
            pid, parent, group = int(fields[0]), int(fields[1]), int(fields[2])
            table[pid] = Proc(pid, parent, group, group)
    return table


def _other() -> dict[int, Proc]:
    with os.popen("ps -axo pid=,ppid=,pgid=,stat=") as pipe:
        return parse_ps(pipe.read())


def scan() -> dict[int, Proc]:
    """Read all living processes, by pid."""
    return _linux() if LINUX else _other()


def newest_pids() -> list[int]:
    """List the pids that there are, the newest first (until the numbers wrap)."""
    if not LINUX:
        return sorted(scan(), reverse=True)
    return sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True)


def parent_of(pid: int) -> int:
    """The parent of a process now, 0 when it is gone."""
    if not LINUX:
        return 0
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError:
        return 0
    try:
        proc = parse_stat(os.read(fd, 1024))
    except OSError:
        return 0
    finally:
        os.close(fd)
    return proc.parent if proc is not None else 0


def descendants(table: dict[int, Proc], root: int) -> list[Proc]:
    """List everything below `root` in `table`, parents before children, without root itself."""
    children: dict[int, list[Proc]] = {}
    for proc in table.values():
        children.setdefault(proc.parent, []).append(proc)
    found: list[Proc] = []
    frontier = [root]
    while frontier:
        below = children.pop(frontier.pop(), [])
        found += below
        frontier += [proc.pid for proc in below]
    return found


def marker(pid: int, name: bytes) -> bytes:
    """Read the value of variable `name` in the environment that `pid` was started with, or b""."""
    if not LINUX:
        return b""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            block = b"\0" + file.read()
    except OSError:
        return b""
    _, found, rest = block.partition(b"\0" + name + b"=")
    return rest.split(b"\0", 1)[0] if found else b""
