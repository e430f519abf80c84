"""What the machine is and does: cores, and how busy they and this process are."""

from __future__ import annotations

import os
import platform
import time

import psutil

from localku.load.result import Machine


def machine() -> Machine:
    """Cores that may be used here, the processor's name, memory."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        cores = os.cpu_count() or 1
    return Machine(cores, _model(), int(psutil.virtual_memory().total))


def _model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class Usage:
    """CPU from when it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._own = time.process_time()
        self._all = psutil.cpu_times()

    def own(self) -> float:
        """The share of one core that this process took."""
        return (time.process_time() - self._own) / max(time.monotonic() - self._start, 1e-6)

    def all(self) -> float:
        """The share of all cores that was taken by anybody."""
        before, now = self._all, psutil.cpu_times()
        # guest times are in user and nice already (proc(5))
        names = [name for name in now._fields if not name.startswith("guest")]
        spent = {name: getattr(now, name) - getattr(before, name) for name in names}
        total = sum(spent.values())
        idle = spent.get("idle", 0.0) + spent.get("iowait", 0.0)
        return max(0.0, 1 - idle / total) if total > 0 else 0.0
