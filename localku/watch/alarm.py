"""How the watch thread sleeps until something happens, without asking again and again.

watchfiles itself asks every step (50 ms by default) whether its inotify thread has something,
which is twenty wake-ups a second for ever. inotify(7) can send a signal when an event comes
(O_ASYNC, since Linux 2.6.25), and fcntl(2) F_SETOWN_EX sends it to one thread: ours, which has
it blocked and waits for it. So the thread sleeps until there is an event or somebody rings.
Where this cannot be had (macOS, polling, a sandbox) it asks at intervals.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import struct
import sys
import threading
import time

# linux/fcntl.h; the same on x86 and ARM. Python's fcntl has no names for them.
F_SETOWN_EX = 15
F_OWNER_TID = 0
PROOF_TIME = 0.25  # seconds for the signal of an event that we cause ourselves


class Alarm:
    """Made by whoever will ring; `bind`, `sleep` and `release` belong to the one that sleeps.

    interval: seconds between two looks where no signal tells of an event.
    """

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.has_signal = False
        self._lock = threading.Lock()
        self._rung = threading.Event()
        self._thread: int | None = None

    def bind(self) -> None:
        """This thread sleeps here. It takes no signal of the process from now on."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with self._lock:
            self._thread = threading.get_ident()

    def release(self) -> None:
        """The thread ends: nobody may signal it any more."""
        with self._lock:
            self._thread = None

    def ring(self) -> None:
        """Wake the sleeper, from any thread."""
        with self._lock:
            self._rung.set()
            if self._thread is not None and self.has_signal:
                signal.pthread_kill(self._thread, signal.SIGIO)

    def pause(self, seconds: float) -> bool:
        """Sleep through events. True when a ring ended it; `sleep` notices the ring as well."""
        return self._rung.wait(seconds)

    def sleep(self, timeout: float | None) -> bool:
        """Sleep for at most `timeout` seconds (None: no limit). True: it may be worth a look."""
        if not self.has_signal:
            limit = self.interval if timeout is None else min(timeout, self.interval)
            self._rung.wait(limit)
            self._rung.clear()
            return True
        if self._rung.is_set():
            woken = True
        elif timeout is None:
            woken = signal.sigwait({signal.SIGIO}) == signal.SIGIO
        else:
            woken = _wait_for_signal(timeout)
        self._rung.clear()
        return woken

    def hear(self, descriptors: list[int], folder: str) -> None:
        """Let these inotify descriptors signal. folder: one that they watch, to prove it.

        A signal that never came would be a watch that sees nothing, so it is tried once.
        """
        was = self.has_signal
        self.has_signal = False
        if not descriptors or not sys.platform.startswith("linux"):
            return
        try:
            for fd in descriptors:
                owner = struct.pack("ii", F_OWNER_TID, threading.get_native_id())
                fcntl.fcntl(fd, F_SETOWN_EX, owner)
                fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EPERM, errno.EBADF, errno.ENOTTY):
                raise
            return
        self.has_signal = was or _is_proved(folder)


def _is_proved(folder: str) -> bool:
    """Whether opening a watched folder, which is an event of inotify, brings the signal."""
    while _wait_for_signal(0):
        pass
    os.close(os.open(folder, os.O_RDONLY))
    return _wait_for_signal(PROOF_TIME)


if sys.platform.startswith("linux"):

    def _wait_for_signal(timeout: float) -> bool:
        return signal.sigtimedwait({signal.SIGIO}, timeout) is not None

else:

    def _wait_for_signal(timeout: float) -> bool:
        time.sleep(timeout)
        return True


def inotify_descriptors() -> set[int]:
    """This process's inotify descriptors, none where /proc does not tell."""
    found = set()
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return set()
    for name in names:
        try:
            if os.readlink(f"/proc/self/fd/{name}") == "anon_inode:inotify":
                found.add(int(name))
        except OSError:  # the descriptor that lists them is closed by now
            continue
    return found
