"""The two favours that only the Linux kernel grants: adopting orphans, and another process title.

Elsewhere both answer False. START PATH: `ctypes` would cost more than all else here, so its C
half is called straight away, with `ctypes` itself as the fallback.
"""

from __future__ import annotations

import os
import sys

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def _call(name: str, *args: int) -> int:
    try:
        import _ctypes

        handle = _ctypes.dlopen(None, 0x2)  # type: ignore[arg-type]
        return int(_ctypes.call_function(_ctypes.dlsym(handle, name), args))
    except (ImportError, AttributeError):
        import ctypes

        return int(getattr(ctypes.CDLL(None), name)(*args))


def adopt_orphans() -> bool:
    """Make this process the child subreaper (prctl(2)): orphans below it become its children."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return _call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    except OSError:
        return False


def retitle(title: str) -> bool:
    """Overwrite the command line that `ps` shows, within the room that it had at the start.

    So `pkill -9 -f localku` hits localku and spares the init process that cleans up after it.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        with open("/proc/self/comm", "w") as comm:
            comm.write(title[:15])
        with open("/proc/self/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        start, end = int(fields[45]), int(fields[46])  # arg_start, arg_end: 48 and 49 of proc(5)
        room = end - start
        if not 0 < room < 1 << 20:
            return False
        ctypes.memmove(start, os.fsencode(title)[: room - 1].ljust(room, b"\0"), room)
    except (OSError, ValueError, IndexError):
        return False
    return True
