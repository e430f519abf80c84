"""A soak of `localku start`: does it grow, does it leak descriptors, does it lose lines?

    python tests/bench/log_soak.py                        # ten minutes at 2,000 lines a second
    python tests/bench/log_soak.py --minutes 1 --rate 2000 --tails 2 --drains 2

One app says so many lines a second; tails follow it, drains (HTTP and syslog, where this localku
has them) get it, and the live feed of metrics is read where there is one. Every five seconds the
memory of the whole platform (its own processes, without the app's) and its descriptors are looked
at: anonymous memory, which is what Python makes and what the verdict is about, and PSS and RSS,
which also move when another Python that shares the same files comes or goes. The slope is that of a
straight line through the samples behind the first fifth of the time, in which buffers and caches
fill; with less than five minutes it says little. Exit status 1 if memory grows by more than --limit
MB in ten minutes, if descriptors grow, or if a reader has lost a line. Linux only.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

from tail_bench import Platform, Readers, Unix, cpu_seconds, has_drains

EVERY = 5.0  # seconds between two samples
WARM = 0.2  # part of the time that is left out
SHOWN = "{:6.0f} s  anonymous {:.2f} MB  PSS {:.2f} MB  RSS {:.2f} MB  {} descriptors"
Sample = tuple[float, float, float, float, int]


def memory_of(pids: list[int]) -> tuple[float, float, float]:
    """MB of anonymous memory, PSS, RSS."""
    found = {"Anonymous": 0, "Pss": 0, "Rss": 0}
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] += int(rest.split()[0])
    own, pss, rss = (kilobytes / 1024 for kilobytes in found.values())
    return own, pss, rss


def descriptors_of(pids: list[int]) -> int:
    """Open descriptors."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)


def slope(points: list[tuple[float, float]]) -> float:
    """Of the straight line through points with the least squares."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    below = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / below if below else 0.0


class Feed:
    """Reads the live feed of metrics, if there is one. size: bytes that came."""

    def __init__(self, platform: Platform) -> None:
        self.size = 0
        self._connection = Unix(platform.socket)
        self._connection.request("GET", "/localku/apps/bench/live?lines=200")
        self._answer = self._connection.getresponse()
        self.is_there = self._answer.status == 200
        if self.is_there:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while data := self._answer.read1(65536):
                self.size += len(data)
        except (OSError, ValueError):
            pass  # the platform ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = os.path.join(os.path.dirname(sys.executable), "localku")
    parser.add_argument("--localku", default=here, help="the command")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=2000, help="lines a second")
    parser.add_argument("--tails", type=int, default=3)
    parser.add_argument("--drains", type=int, default=2)
    parser.add_argument(
        "--limit", type=float, default=1.0, help="MB that it may grow in 10 minutes"
    )
    parser.add_argument("--buffering", choices=("block", "line"), default="block")
    options = parser.parse_args()
    sys.exit(0 if soak(options) else 1)


def soak(options: argparse.Namespace) -> bool:
    """Whether all is well."""
    seconds = options.minutes * 60
    drains = options.drains if has_drains(options.localku) else 0
    platform = Platform(options.localku, options.rate, seconds, options.buffering)
    try:
        readers = Readers(platform, options.tails, drains)
        feed = Feed(platform)
        parts = (
            f"{options.tails} tails, {drains} drains, {'the' if feed.is_there else 'no'} live feed"
        )
        print(f"{options.rate:,} lines/s for {options.minutes:g} min, {parts}", flush=True)
        pids = platform.pids
        before, start = cpu_seconds(pids), time.monotonic()
        platform.go()
        samples: list[Sample] = []
        while not platform.said():
            now = time.monotonic() - start
            if now > seconds * 1.5 + 60:
                raise RuntimeError("it does not end")
            samples.append((now, *memory_of(pids), descriptors_of(pids)))
            if len(samples) % 12 == 1:
                print(SHOWN.format(*samples[-1]), flush=True)
            time.sleep(min(EVERY, max(0.2, seconds / 40)))
        took = time.monotonic() - start
        cpu = cpu_seconds(pids) - before
        had = readers.result()
        return verdict(options, platform.lines, took, cpu, samples, had)
    finally:
        platform.close()


def verdict(
    options: argparse.Namespace,
    lines: int,
    took: float,
    cpu: float,
    samples: list[Sample],
    had: dict[str, list[int]],
) -> bool:
    """Print what was found; whether it is good."""
    warm = [each for each in samples if each[0] >= WARM * took]
    lost = {kind: [lines - count for count in counts] for kind, counts in had.items()}
    print(f"{lines:,} lines, {lines / took:,.0f} a second, {cpu / took:.3f} of a core")
    grows = {}
    for place, name in enumerate(("anonymous", "PSS", "RSS"), 1):
        grows[name] = 600 * slope([(each[0], each[place]) for each in warm])
        ends = f"{warm[0][place]:.2f} to {warm[-1][place]:.2f} MB"
        print(f"{name}: {ends}, {grows[name]:+.2f} MB in ten minutes")
    print(f"descriptors: {warm[0][4]} to {warm[-1][4]}; lost lines by reader: {lost}")
    good = grows["anonymous"] <= options.limit and warm[-1][4] <= warm[0][4]
    good = good and not any(count for counts in lost.values() for count in counts)
    print("ok: it is flat, and nothing was lost" if good else "MISSED")
    return good


if __name__ == "__main__":
    main()
