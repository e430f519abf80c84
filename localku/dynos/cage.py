"""The control group of one run of a dyno, as the init process handles it. START PATH.

A dyno must be in its group before its first instruction, and posix_spawn(3) puts nobody into a
group: so init, which has one thread and nothing else to do, goes there itself for the moment of the
spawn, and comes back. What it forks there is born there.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    # folder of the run's group, folder to come back to, (file, text) to write into the group
    Cage = tuple[str, str, list[tuple[str, str]]]

MEMBERS = "cgroup.procs"
KILL = "cgroup.kill"  # since Linux 5.14


def write(path: str, text: str) -> None:
    """Write to a file of a group, in one piece as the kernel wants it. Raises OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def enter(cage: Cage) -> None:
    """Make the group and go there. Raises OSError: then nobody has gone."""
    folder, _, limits = cage
    os.mkdir(folder)
    try:
        for name, text in limits:
            write(f"{folder}/{name}", text)
        write(f"{folder}/{MEMBERS}", "0")  # 0: who writes it
    except OSError:
        os.rmdir(folder)
        raise


def leave(cage: Cage) -> None:
    """Come back. Raises OSError."""
    write(f"{cage[1]}/{MEMBERS}", "0")


def kill(folder: str) -> None:
    """SIGKILL everything in a group at once, where the kernel can."""
    try:
        write(f"{folder}/{KILL}", "1")
    except OSError:
        pass  # an older kernel, version 1, or it is gone: signals do it


def remove(folder: str) -> bool:
    """Remove a group; False while somebody is in it."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_all(base: str) -> bool:
    """Remove the group `base` and those in it that are empty; whether it is gone."""
    try:
        with os.scandir(base) as entries:
            folders = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return not os.path.exists(base)
    for folder in folders:
        remove(folder)
    return remove(base)
