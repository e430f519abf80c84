"""The descriptors of the init process: what it lets go and what it gives to dynos. START PATH."""

from __future__ import annotations

import os
import sys

from localku.dynos import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localku.dynos.init import Order


def restore_limit(limit: int) -> None:
    """Go back to this soft limit of open files."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def close_all_but(*keep: int) -> None:
    """Drop what the fork copied (the router's sockets, the lock): they are localku's alone."""
    folder = "/proc/self/fd" if tree.LINUX else "/dev/fd"
    highest = max(int(name) for name in os.listdir(folder))
    low = 3
    for fd in sorted(keep):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, highest + 1)


def unpack_fds(raw: bytes) -> list[int]:
    """The descriptors of an SCM_RIGHTS message; no dyno inherits them by accident."""
    fds = [int.from_bytes(raw[at : at + 4], sys.byteorder) for at in range(0, len(raw) - 3, 4)]
    for fd in fds:
        os.set_inheritable(fd, False)
    return fds


def file_actions(order: Order) -> list[tuple[object, ...]]:
    """What posix_spawn(3) has to do for stdin, stdout and stderr of a run."""
    if order.tty:  # a session leader's first terminal becomes its controlling one (tty(4))
        first: tuple[object, ...] = (os.POSIX_SPAWN_OPEN, 0, order.tty, os.O_RDWR, 0)
        return [first, (os.POSIX_SPAWN_DUP2, 0, 1), (os.POSIX_SPAWN_DUP2, 0, 2)]
    source, sink, *errors = order.fds
    places = (source, sink, errors[0] if errors else sink)
    return [(os.POSIX_SPAWN_DUP2, fd, n) for n, fd in enumerate(places)]
