"""The processes of a trial as Linux shows them: who listens where, who is connected to whom.

A dyno's processes are found by a mark in their environment, so that daemons are found as well.
"""

from __future__ import annotations

import os
import socket
import sys

from localku.check.record import Listener, Process
from localku.dynos import tree

LINUX = sys.platform.startswith("linux")
MARK = "LOCALKU_DOCTOR_MARK"
_LISTEN, _ESTABLISHED = "0A", "01"  # include/net/tcp_states.h


def marked(mark: str) -> list[Process]:
    """The living processes of that trial's dynos; [] where /proc is not there."""
    if not LINUX:
        return []
    table = tree.scan()
    found: dict[int, tuple[str, dict[str, str]]] = {}
    for pid in table:
        environ = _environ(pid)
        if environ.get(MARK) == mark and environ.get("DYNO"):
            found[pid] = (environ["DYNO"], environ)
    return [
        Process(
            pid,
            dyno,
            _command(pid),
            _is_orphan(table, pid, {each for each, (who, _) in found.items() if who == dyno}),
            _link(f"/proc/{pid}/cwd"),
            frozenset(environ),
        )
        for pid, (dyno, environ) in sorted(found.items())
    ]


def _is_orphan(table: dict[int, tree.Proc], pid: int, family: set[int]) -> bool:
    """Whether it was left behind by its parent: it is not the first of its dyno, and its parent is
    none of the dyno's."""
    first = min(family, key=lambda each: _started(each))
    return pid != first and table[pid].parent not in family


def _started(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 1 << 62


def _environ(pid: int) -> dict[str, str]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            block = file.read()
    except OSError:
        return {}
    pairs = (os.fsdecode(each).partition("=") for each in block.split(b"\0") if each)
    return {name: value for name, _, value in pairs}


def _command(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return os.fsdecode(file.read().rstrip(b"\0").replace(b"\0", b" "))
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def listeners(processes: list[Process]) -> list[Listener]:
    """Where they listen (TCP); of several processes with one socket, the first."""
    rows = {inode: (host, port) for inode, host, port, _, _ in _tcp(_LISTEN)}
    found: dict[int, Listener] = {}
    for process in processes:
        for inode in _sockets(process.pid):
            if inode in rows and inode not in found:
                host, port = rows[inode]
                found[inode] = Listener(host, port, process.dyno, process.pid, process.command)
    return list(found.values())


def connections(processes: list[Process]) -> list[tuple[str, str, int]]:
    """dyno, host and port of those that they are connected to, but for connections that somebody
    made to a port where one of them listens."""
    own = {listener.port for listener in listeners(processes)}
    rows = {
        inode: (host, port) for inode, _, here, host, port in _tcp(_ESTABLISHED) if here not in own
    }
    return sorted(
        {
            (process.dyno, *rows[inode])
            for process in processes
            for inode in _sockets(process.pid)
            if inode in rows
        }
    )


def busy_ports() -> set[int]:
    """Where anybody listens on this machine now; empty where that cannot be seen."""
    return {port for _, _, port, _, _ in _tcp(_LISTEN)} if LINUX else set()


def _sockets(pid: int) -> set[int]:
    found: set[int] = set()
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return found
    for name in names:
        target = _link(f"/proc/{pid}/fd/{name}")
        if target.startswith("socket:["):
            found.add(int(target[8:-1]))
    return found


def _tcp(state: str) -> list[tuple[int, str, int, str, int]]:
    """inode, address and port here, address and port there, of TCP sockets in that state."""
    found = []
    for name in ("tcp", "tcp6"):
        try:
            with open(f"/proc/net/{name}") as file:
                lines = file.read().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == state:
                found.append((int(fields[9]), *_address(fields[1]), *_address(fields[2])))
    return found


def _address(text: str) -> tuple[str, int]:
    """`0100007F:1F90` is 127.0.0.1 and 8080: the kernel's own byte order, four bytes at a time."""
    host, _, port = text.partition(":")
    words = [host[at : at + 8] for at in range(0, len(host), 8)]
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    if len(packed) == 4:
        return socket.inet_ntop(socket.AF_INET, packed), int(port, 16)
    return socket.inet_ntop(socket.AF_INET6, packed).removeprefix("::ffff:"), int(port, 16)
