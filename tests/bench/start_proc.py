"""What the kernel says about a group of processes: wake-ups, CPU, memory. Linux's /proc only.

A process belongs to the group when it was started with the variable `MARK=token`: whatever
double-forks, as tmux does for overmind, still has its first environment.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MARK = "START_BENCH"
# the C library, its loader and its locale: each process of a machine maps them
COMMON = ("libc.", "libc-", "libm.", "libm-", "ld-", "LC_", "locale-archive", "gconv-modules")
LINUX = os.path.isdir("/proc/self/task")


@dataclass(frozen=True)
class Usage:
    """Counts since the start of the processes. switches: context switches; cpu: seconds."""

    switches: int
    cpu: float


@dataclass(frozen=True)
class Memory:
    """Megabytes (2**20). pss: shared pages in parts; alone: as if nobody else ran its programs."""

    processes: int
    pss: float
    alone: float


def marked(token: str) -> list[int]:
    """All living processes that were started with that token."""
    mark = b"\0" + f"{MARK}={token}".encode() + b"\0"
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and mark in b"\0" + Path(f"/proc/{name}/environ").read_bytes():
                found.append(int(name))
        except OSError:
            continue  # it ended, or it is somebody else's
    return found


def words(pid: int) -> list[str]:
    """The command line of a process; empty when it is gone."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return line.decode(errors="replace").split("\0")


def managing(token: str, dyno: str) -> list[int]:
    """The manager and its helpers: all marked processes but the dynos.

    dyno: the last word of a dyno's command line. What a manager keeps around a dyno (a shell, a
    terminal) is a helper of the manager.
    """
    found = []
    for pid in marked(token):
        line = [word for word in words(pid) if word]
        is_dyno = line[1:] == [dyno] and os.path.basename(line[0]) == "sleep"
        if not is_dyno:
            found.append(pid)
    return found


def usage(pids: list[int]) -> Usage:
    """Context switches, asked for or not (proc(5): status), and CPU of all threads."""
    switches, cpu = 0, 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for line in (task / "status").read_text().splitlines():
                if "ctxt_switches" in line:
                    switches += int(line.split()[1])
            cpu += int((task / "schedstat").read_text().split()[0])
    return Usage(switches, cpu / 1e9)


def memory(pids: list[int]) -> Memory:
    """What the group costs, in two ways.

    PSS is the sum of /proc/PID/smaps_rollup. It shrinks when somebody else runs the same Python,
    as this benchmark does. So it is counted again from /proc/PID/smaps: the pages of each file
    once for the whole group, at their largest, but for the C library, which every process on the
    machine shares. Anonymous pages have no sharers outside the group: their PSS is exact.
    """
    pss, rest = 0, 0
    files: dict[str, int] = {}
    for pid in pids:
        pss += fields(Path(f"/proc/{pid}/smaps_rollup").read_text())["Pss"]
        for mapping, found in mappings(Path(f"/proc/{pid}/smaps").read_text()):
            name = os.path.basename(mapping.split()[-1]) if mapping else ""
            if not name or name.startswith(COMMON):
                rest += found["Pss"]
            else:
                pages = found["Rss"] - found["Anonymous"]
                rest += min(found["Pss"], found["Anonymous"])  # written to: copies of its own
                files[mapping] = max(pages, files.get(mapping, 0))
    return Memory(len(pids), pss / 1024, (rest + sum(files.values())) / 1024)


def fields(text: str) -> dict[str, int]:
    """`Pss:  12 kB` lines as numbers (kB)."""
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if value.endswith(" kB"):
            found[key] = int(value.split()[0])
    return found


def mappings(smaps: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Each mapping of proc(5)'s smaps: `offset device inode path`, "" for none, and its kB."""
    lines: list[str] = []
    name = ""
    for line in [*smaps.splitlines(), "0-0 - 0 0:0 0"]:
        words = line.split(None, 5)
        if words[0].endswith(":"):
            lines.append(line)
            continue
        if lines:
            yield name, fields("\n".join(lines))
        lines = []
        name = " ".join(words[2:]) if words[4] != "0" else ""


def end(pids: list[int]) -> None:
    """Kill these processes, all of which the benchmark started."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it went by itself
