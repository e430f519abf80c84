"""What the processes of one run of a dyno use together: memory, pages moved, tasks that would run.

Heroku reads a cgroup, which counts every page once; a dyno here has none of its own, so this is
what the kernel tells of its processes, with every page that they share counted once, too:

            Linux (/proc)                                   macOS (psutil)
rss         Pss_Anon: memory of their own                   resident memory (shared pages twice)
cache       the rest of Pss: pages of files, shared memory  not known: 0, and part of rss
swap        SwapPss                                         not known: 0
pages in    read from a disk (io: read_bytes)               read from a disk (pageins)
pages out   written to a disk (io: write_bytes)             not known
tasks       threads that run or wait for a processor        not known: CPU time is taken instead

Where Linux does not tell Pss (another user's process, before 4.14) resident memory stands in, its
shared pages as cache. A page that the processes never mapped is in no number, though a cgroup would
have charged the dyno for it. Pages of storage are what vmstat(8) calls so; a cgroup's counters of
the same names, which Heroku shows, count charges, and nothing here does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from localku.dynos import tree

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Usage:
    """rss, cache, swap: bytes. pages_in, pages_out: since the processes began, None if unknown.
    tasks: None if unknown. cpu: seconds, only where tasks are unknown."""

    rss: int = 0
    cache: int = 0
    swap: int = 0
    pages_in: int | None = None
    pages_out: int | None = None
    tasks: float | None = None
    cpu: float = 0.0

    @property
    def total(self) -> int:
        """What Heroku calls memory_total."""
        return self.rss + self.cache + self.swap


def survey(leaders: list[int]) -> dict[int, Usage]:
    """The usage of the runs with these leaders. It may take milliseconds a process: call it in a
    thread."""
    table = tree.scan()
    return {leader: _of_run(leader, table) for leader in leaders}


def _of_run(leader: int, table: dict[int, tree.Proc]) -> Usage:
    pids = {proc.pid for proc in table.values() if proc.session == leader}
    pids |= {proc.pid for proc in tree.descendants(table, leader)}
    usage = Usage()
    for pid in pids:
        if tree.LINUX:
            _add_linux(usage, pid)
        else:
            _add_other(usage, pid)
    return usage


def _add_linux(usage: Usage, pid: int) -> None:
    rollup = _fields(f"/proc/{pid}/smaps_rollup")
    if "Pss" in rollup:
        anonymous = rollup.get("Pss_Anon", rollup.get("Anonymous", 0))  # Pss_Anon: since 5.4
        usage.rss += anonymous * 1024
        usage.cache += max(0, rollup["Pss"] - anonymous) * 1024
        usage.swap += rollup.get("SwapPss", 0) * 1024
    else:
        _add_resident(usage, pid)
    moved = _fields(f"/proc/{pid}/io")
    if moved:
        usage.pages_in = (usage.pages_in or 0) + moved.get("read_bytes", 0) // PAGE
        usage.pages_out = (usage.pages_out or 0) + moved.get("write_bytes", 0) // PAGE
    usage.tasks = (usage.tasks or 0) + _runnable(pid)


def _add_resident(usage: Usage, pid: int) -> None:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            _, resident, shared, *_ = (int(word) * PAGE for word in file.read().split())
    except (OSError, ValueError):
        return  # it has ended
    usage.rss += max(0, resident - shared)
    usage.cache += min(shared, resident)


def _fields(path: str) -> dict[str, int]:
    """`Name: 12 kB` of each line, without the unit; {} if it cannot be read."""
    found = {}
    try:
        with open(path, "rb") as file:
            for line in file.read().decode("ascii", "replace").splitlines():
                name, _, value = line.partition(":")
                word = value.split(None, 1)
                if word and word[0].isdigit():
                    found[name] = int(word[0])
    except OSError:
        return {}  # it has ended, or is not ours to see
    return found


def _runnable(pid: int) -> int:
    """Threads in state R (proc(5), stat)."""
    count = 0
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return 0
    for task in tasks:
        try:
            with open(f"/proc/{pid}/task/{task}/stat", "rb") as file:
                count += file.read(1024).rpartition(b")")[2].split(None, 1)[0] == b"R"
        except (OSError, IndexError):
            continue
    return count


def _add_other(usage: Usage, pid: int) -> None:
    import psutil

    try:
        process = psutil.Process(pid)
        memory, times = process.memory_info(), process.cpu_times()
    except psutil.Error:
        return  # it has ended, or is not ours to see
    usage.rss += memory.rss
    usage.cpu += times.user + times.system
    pages = getattr(memory, "pageins", None)
    if pages is not None:
        usage.pages_in = (usage.pages_in or 0) + pages
