"""Finds a place where dynos can have control groups, and keeps it while localku runs.

The place is the first of: the own group, if it was delegated (`systemd-run --user --scope -p
Delegate=yes`, a container with a writable hierarchy) and holds nobody but us; a group above it that
we may write to (a user's slice under systemd, everything for root); the CPU hierarchy of version 1.
Imported only when a dyno is to be capped.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import time

from localku.dynos import cage, tree
from localku.dynos.cgroup_rules import BASE, Hierarchy, hierarchies, limits

SELF = "self"  # the group of localku and its init process, where they cannot stay in their own
PATIENCE = 1.0  # seconds until what was killed in a group must be gone
DELEGATE = "start localku with `systemd-run --user --scope -p Delegate=yes localku start`"


class Ground:
    """folder: holds the groups of this platform, "" when there can be none; why: the reason then.

    version: 1 or 2. controllers: what groups have here. home: where localku itself is.
    """

    __slots__ = ("_lock", "controllers", "folder", "home", "version", "why")

    def __init__(self, folder: str, version: int, controllers: list[str], home: str) -> None:
        self.folder = folder
        self.version = version
        self.controllers = controllers
        self.home = home
        self.why = ""
        self._lock = -1

    @property
    def name(self) -> str:
        """`cgroup v2`, or "" when dynos can only be observed."""
        return f"cgroup v{self.version}" if self.folder else ""

    def cage(self, dyno: str, key: int, cpu: float, memory: int) -> cage.Cage | None:
        """The group for one run of a dyno, None when there can be none."""
        if not self.folder:
            return None
        wanted = limits(self.version, self.controllers, cpu, memory)
        return f"{self.folder}/{dyno}.{key}", self.home, wanted

    def hold(self) -> None:
        """Mark the group as somebody's, for as long as this process lives. Raises OSError."""
        self._lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def close(self) -> None:
        """All dynos are gone: remove the groups."""
        if not self.folder:
            return
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if os.path.basename(self.home) == SELF:
            self._come_back()
        _remove_patiently(self.folder)

    def _come_back(self) -> None:
        """Version 2 has processes or controllers in a group, not both."""
        parent = os.path.dirname(self.folder)
        try:
            cage.write(f"{parent}/cgroup.subtree_control", " ".join(f"-{c}" for c in _of(parent)))
            cage.write(f"{parent}/{cage.MEMBERS}", "0")
        except OSError:
            pass  # it is swept by the next localku


def prepare() -> Ground:
    """Find the place, make the group that holds all others, sweep what a killed localku left."""
    if not sys.platform.startswith("linux"):
        return _nowhere("this system has no cgroups")
    whys = []
    for hierarchy in hierarchies(_text("/proc/self/cgroup"), _text("/proc/self/mountinfo")):
        for parent in hierarchy.upward():
            try:
                return _settle(hierarchy, parent)
            except OSError as error:
                whys.append(f"{parent}: {error.strerror}")
    return _nowhere("; ".join(whys[:2]) or "no cgroup is mounted")


def _nowhere(why: str) -> Ground:
    ground = Ground("", 0, [], "")
    ground.why = why
    return ground


def _settle(hierarchy: Hierarchy, parent: str) -> Ground:
    """Make groups below `parent`. Raises OSError that says why not."""
    if hierarchy.version == 2 and "cpu" not in _text(f"{parent}/cgroup.controllers").split():
        raise OSError(errno.ENOTSUP, "has no cpu controller")
    if not os.access(f"{parent}/{cage.MEMBERS}", os.W_OK):  # to move somebody below it
        raise OSError(errno.EACCES, f"is not ours to divide ({DELEGATE})")
    sweep(parent)
    folder = _make(parent)
    ground = Ground(folder, hierarchy.version, ["cpu"], hierarchy.own)
    try:
        ground.hold()
        if hierarchy.version == 2:
            ground.controllers = _enable(ground, parent)
        elif not os.path.exists(f"{folder}/cpu.cfs_quota_us"):
            raise OSError(errno.ENOTSUP, "the kernel has no CPU quotas")
    except OSError:
        ground.close()
        raise
    return ground


def _make(parent: str) -> str:
    for number in range(100):
        folder = f"{parent}/{BASE}{os.getpid()}" + (f"-{number}" if number else "")
        try:
            os.mkdir(folder)
        except FileExistsError:
            continue
        return folder
    raise OSError(errno.EEXIST, "is full of groups")


def _enable(ground: Ground, parent: str) -> list[str]:
    """Have the groups of dynos the controllers; returns those that they have."""
    there = _text(f"{parent}/cgroup.controllers").split()
    wanted: list[str] = [name for name in ("cpu", "memory") if name in there]
    missing = [name for name in wanted if name not in _of(parent)]
    for name in missing:
        try:
            cage.write(f"{parent}/cgroup.subtree_control", f"+{name}")
        except OSError as error:
            if error.errno != errno.EBUSY or ground.home != parent:
                raise
            _make_room(ground, parent)
            cage.write(f"{parent}/cgroup.subtree_control", f"+{name}")
    cage.write(f"{ground.folder}/cgroup.subtree_control", " ".join(f"+{name}" for name in wanted))
    return wanted


def _make_room(ground: Ground, parent: str) -> None:
    """Move localku and all that it has started out of its own group, if nobody else is in it."""
    ours = {os.getpid()} | {proc.pid for proc in tree.descendants(tree.scan(), os.getpid())}
    inside = [int(word) for word in _text(f"{parent}/{cage.MEMBERS}").split()]
    if not ours.issuperset(inside):
        raise OSError(errno.EBUSY, f"is shared with other processes ({DELEGATE})")
    ground.home = f"{ground.folder}/{SELF}"
    os.mkdir(ground.home)
    for pid in inside:
        cage.write(f"{ground.home}/{cage.MEMBERS}", str(pid))


def _of(folder: str) -> list[str]:
    """The controllers that the groups in a group have."""
    return _text(f"{folder}/cgroup.subtree_control").split()


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


# -- what a killed localku left --------------------------------------------------------------------


def sweep(parent: str) -> list[str]:
    """End and remove the groups of platforms that were killed; returns their folders."""
    swept = []
    try:
        names = os.listdir(parent)
    except OSError:
        return []
    for name in names:
        folder = f"{parent}/{name}"
        if name.startswith(BASE) and os.path.isdir(folder) and _is_free(folder):
            _end(folder)
            swept.append(folder)
    return swept


def _is_free(folder: str) -> bool:
    """Whether nobody holds it: neither a platform nor its init process lives."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _remove_patiently(folder: str) -> None:
    """The kernel may call a group busy for a moment after its last process has gone."""
    deadline = time.monotonic() + PATIENCE / 4
    while not cage.remove_all(folder) and time.monotonic() < deadline:
        time.sleep(0.005)


def _end(folder: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not cage.remove_all(folder) and time.monotonic() < deadline:
        for name in os.listdir(folder):
            group = f"{folder}/{name}"
            if os.path.isdir(group):
                cage.kill(group)
                for word in _text(f"{group}/{cage.MEMBERS}").split():
                    _kill(int(word))
        time.sleep(0.01)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except OSError:
        pass  # it has gone by itself
