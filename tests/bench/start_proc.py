"""What the kernel says about a group of processes: wake-ups, CPU, memory. Linux's /proc only.

A process belongs to the group when it was started with the variable `MARK=token`: whatever
double-forks, as tmux does for overmind, still has its first environment.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

MARK = "START_BENCH"
LINUX = os.path.isdir("/proc/self/task")


@dataclass(frozen=True)
class Usage:
    """Counts since the start of the processes. switches: context switches; cpu: seconds."""

    switches: int
    cpu: float


@dataclass(frozen=True)
class Memory:
    """Megabytes (2**20). pss: shared pages in parts; private: what nobody shares."""

    processes: int
    pss: float
    private: float


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
    """The sums of /proc/PID/smaps_rollup."""
    sums = {"Pss": 0, "Private_Clean": 0, "Private_Dirty": 0}
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            key = line.partition(":")[0]
            if key in sums:
                sums[key] += int(line.split()[1])
    private = sums["Private_Clean"] + sums["Private_Dirty"]
    return Memory(len(pids), sums["Pss"] / 1024, private / 1024)


def end(pids: list[int]) -> None:
    """Kill these processes, all of which the benchmark started."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it went by itself
