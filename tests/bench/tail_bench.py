"""What readers of the log cost `localku start`: tails, drains, history, first output.

    python tests/bench/tail_bench.py                    # all of it; about three minutes
    python tests/bench/tail_bench.py --only fanout --rates 5000,50000 --seconds 10 --repeat 5
    python tests/bench/tail_bench.py --check            # exit status 1 if a promise is not kept

fanout: CPU a line with nobody, with ten tails, and with ten tails and two drains (one HTTP, one
syslog), in turns, and the ratios. sustain: 50,000 lines a second into the history and one tail: CPU
as a part of one core, growth of memory, what was lost. query: a history of 1,500 lines, over the
API as a client sees it (session, answer, last byte). first: from a client's request to the first
byte of a tail, and `localku logs -n 1` as a whole, beside a Python that does nothing.

CPU is that of the platform's processes (see log_bench.py), from the first line until every reader
has had the last one. Lines have 80 bytes and come in a write each 10 ms, or, with --buffering
line, in a write each. The console goes to a file.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from log_bench import cpu_seconds, processes

CHILD = """\
import sys, time
folder, rate, seconds, buffering = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
write, flush = sys.stdout.write, sys.stdout.flush
text = "x" * 62
open(folder + "/go").read()
total = int(rate * seconds)
start, number = time.perf_counter(), 0
while number < total:
    due = min(total, int((time.perf_counter() - start) * rate) + 1)
    while number < due:
        number += 1
        write("line %010d %s\\n" % (number, text))
        if buffering == "line":
            flush()
    flush()
    time.sleep(0.01)
write("the very end\\n")
flush()
open(folder + "/end").read()
"""
PROMISED = 5000  # lines a second up to which readers cost less than the lines themselves
READERS = Path(__file__).with_name("tail_readers.py")


class Unix(http.client.HTTPConnection):
    """HTTP at a control socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Platform:
    """One `localku start` whose app says `rate` lines a second for `seconds`, once it may."""

    def __init__(self, localku: str, rate: int, seconds: float, buffering: str = "block") -> None:
        self.folder = tempfile.mkdtemp(prefix="tail-bench-")
        self.lines = int(rate * seconds)
        self.socket = f"{self.folder}/.localku/api.sock"
        child = Path(self.folder, "bench_child.py")
        child.write_text(CHILD)
        words = [sys.executable, "-S", str(child), self.folder, str(rate), str(seconds), buffering]
        Path(self.folder, "Procfile").write_text(f"talk: exec {shlex.join(words)}\n")
        for name in ("go", "end"):
            os.mkfifo(f"{self.folder}/{name}")
        with open(f"{self.folder}/output", "wb") as output:
            self.process = subprocess.Popen(
                [localku, "start", "--root", self.folder, "-p", "0", "--app", "bench"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._wait(lambda: os.path.exists(f"{self.folder}/.localku/platform"), "it runs")
        self.ask("GET", "/apps/bench")  # the API's server is loaded

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One exchange with the API."""
        connection = Unix(self.socket)
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def session(self, **wish: object) -> str:
        """The path of a new log session."""
        answer = self.ask("POST", "/apps/bench/log-sessions", wish)
        return "/" + str(answer["logplex_url"]).split("/", 3)[3]

    def go(self) -> None:
        """Let the app speak."""
        os.close(os.open(f"{self.folder}/go", os.O_WRONLY))

    @property
    def pids(self) -> list[int]:
        """The platform's own processes, without the app."""
        table = processes()
        mine, queue = [], [self.process.pid]
        while queue:
            pid = queue.pop()
            if pid in table and "bench_child.py" not in table[pid][1]:
                mine.append(pid)
            queue += [other for other, (parent, _) in table.items() if parent == pid]
        return mine

    def memory(self) -> int:
        """Private and shared bytes of all its processes (PSS)."""
        total = 0
        for pid in self.pids:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) << 10
        return total

    def said(self) -> bool:
        """Whether the console has the last line."""
        with open(f"{self.folder}/output", "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            return b"the very end\n" in file.read()

    def close(self) -> None:
        """End it, and leave nothing."""
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError(f"not: {what}\n" + Path(self.folder, "output").read_text())
            time.sleep(0.01)


class Readers:
    """A process with so many tails, and receivers of drains; see tail_readers.py."""

    def __init__(self, platform: Platform, tails: int, drains: int) -> None:
        paths = [platform.session(tail=True, lines=0) for _ in range(tails)]
        self.process = subprocess.Popen(
            [sys.executable, str(READERS), platform.socket, str(drains), *paths],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for url in json.loads(self.process.stdout.readline()):
            platform.ask("POST", "/apps/bench/log-drains", {"url": url})

    def result(self) -> dict[str, list[int]]:
        """What each of them had, once all have had the end."""
        out, _ = self.process.communicate(timeout=120)
        return dict(json.loads(out))


def measure(
    localku: str, rate: int, seconds: float, tails: int, drains: int, buffering: str
) -> dict[str, float]:
    """us: CPU a line. core: part of one core while it spoke. lost: lines of all readers together.
    grown: bytes of PSS, the most during the run over what it was before."""
    platform = Platform(localku, rate, seconds, buffering)
    try:
        readers = Readers(platform, tails, drains) if tails or drains else None
        for on in (True, False):  # a line for each reader: drains have dialled, all is loaded
            platform.ask("PATCH", "/apps/bench", {"maintenance": on})
        time.sleep(1.5)
        memory = most = platform.memory()
        before, start = cpu_seconds(platform.pids), time.monotonic()
        platform.go()
        while not platform.said():
            if time.monotonic() - start > 60 + 4 * seconds:
                raise RuntimeError("it does not end")
            time.sleep(0.1)
            if seconds >= 5:
                most = max(most, platform.memory())
        took = time.monotonic() - start
        had = readers.result() if readers is not None else {}
        cpu = cpu_seconds(platform.pids) - before
        lost = sum(platform.lines - count for counts in had.values() for count in counts)
        return {
            "us": cpu / platform.lines * 1e6,
            "core": cpu / took,
            "rate": platform.lines / took,
            "lost": lost,
            "grown": most - memory,
        }
    finally:
        platform.close()


def fanout(options: argparse.Namespace) -> bool:
    """The costs of readers, at each rate."""
    good = True
    shapes = {"nobody": (0, 0), "10 tails": (10, 0)}
    if has_drains(options.localku):
        shapes["10 tails, 2 drains"] = (10, 2)
    else:
        print("this localku has no drains: they are left out")
    for rate in options.rates:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in shapes}
        for _ in range(options.repeat):
            for name, (tails, drains) in shapes.items():
                found[name].append(
                    measure(
                        options.localku, rate, options.seconds, tails, drains, options.buffering
                    )
                )
        for name, runs in found.items():
            pairs = zip(runs, found["nobody"], strict=True)
            ratios = sorted(run["us"] / base["us"] for run, base in pairs)
            ratio = statistics.median(ratios)
            promised = rate <= PROMISED
            kept = ratio < 2
            good = good and (kept or not promised)
            verdict = ("ok" if kept else "MISSED") + (" (< 2)" if promised else " (no promise)")
            us = statistics.median(run["us"] for run in runs)
            lost = sum(run["lost"] for run in runs)
            print(
                f"{rate:>7,} lines/s  {name:<20} {us:7.2f} us/line  {ratio:5.2f} times nobody "
                f"[{ratios[0]:.2f} to {ratios[-1]:.2f}]  lost {lost:.0f}  "
                f"{verdict}",
                flush=True,
            )
    return good


def has_drains(localku: str) -> bool:
    """Whether this localku takes log drains."""
    done = subprocess.run([localku, "help", "drains"], capture_output=True)
    return done.returncode == 0


def sustain(options: argparse.Namespace) -> bool:
    """50,000 lines a second."""
    good = True
    for buffering in ("block", "line"):
        run = measure(options.localku, 50_000, options.seconds, 1, 0, buffering)
        kept = run["core"] < 1 and run["lost"] == 0 and run["rate"] > 45_000
        kept = kept and run["grown"] < 64 << 20
        good = good and kept
        print(
            f"sustain ({buffering}): {run['rate']:,.0f} lines/s into history and one tail, "
            f"{run['core']:.2f} of a core, {run['us']:.2f} us/line, PSS grew by at most "
            f"{run['grown'] / (1 << 20):.1f} MB, lost {run['lost']:.0f}  "
            f"{'ok' if kept else 'MISSED'} (50,000 on one core, nothing lost, < 64 MB)",
            flush=True,
        )
    return good


def query(options: argparse.Namespace) -> bool:
    """1,500 lines of history, once cold from the disk, then warm."""
    good = True
    for buffering in ("block", "line"):
        platform = Platform(options.localku, 20_000, 0.2, buffering)
        try:
            platform.go()
            platform._wait(platform.said, "all is said")
            times = []
            for _ in range(50):
                start = time.perf_counter()
                path = platform.session(lines=1500)
                connection = Unix(platform.socket)
                connection.request("GET", path)
                text = connection.getresponse().read()
                connection.close()
                times.append((time.perf_counter() - start) * 1000)
                assert text.count(b"\n") == 1500
            middle = statistics.median(times)
            kept = middle < 20
            good = good and kept
            verdict = "ok" if kept else "MISSED"
            entries = "many lines an entry" if buffering == "block" else "an entry each"
            print(
                f"query of 1,500 lines ({entries}): first {times[0]:.1f} ms, median "
                f"{middle:.1f} ms, worst {max(times[1:]):.1f} ms  {verdict} (< 20)",
                flush=True,
            )
        finally:
            platform.close()
    return good


def first(options: argparse.Namespace) -> bool:
    """Until a reader sees something."""
    platform = Platform(options.localku, 1000, 0.2)
    try:
        platform.go()
        platform._wait(platform.said, "all is said")
        times = [_first_byte(platform) for _ in range(30)]
        middle = statistics.median(times)
        print(
            f"first byte of a tail after its request: median {middle:.1f} ms, worst "
            f"{max(times):.1f} ms  {'ok' if middle < 50 else 'MISSED'} (< 50)"
        )
        whole = {"localku logs -n 1": [options.localku, "logs", "-n", "1"]}
        whole["python -c pass"] = [sys.executable, "-c", "pass"]
        for name, words in whole.items():
            took = []
            for _ in range(15):
                start = time.perf_counter()
                subprocess.run(words, cwd=platform.folder, stdout=subprocess.DEVNULL, check=True)
                took.append((time.perf_counter() - start) * 1000)
            print(f"{name}, as a whole: median {statistics.median(took):.1f} ms", flush=True)
        return middle < 50
    finally:
        platform.close()


def _first_byte(platform: Platform) -> float:
    """Milliseconds from the wish for a session to the first line of its tail."""
    start = time.perf_counter()
    path = platform.session(tail=True, lines=100)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(platform.socket)
        client.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        data = b""
        while not data.partition(b"\r\n\r\n")[2]:
            data += client.recv(65536)
        return (time.perf_counter() - start) * 1000


PARTS = {"fanout": fanout, "sustain": sustain, "query": query, "first": first}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = os.path.join(os.path.dirname(sys.executable), "localku")
    parser.add_argument("--localku", default=here, help="the command")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, joined by commas")
    parser.add_argument("--rates", default="5000,50000", help="lines a second, of fanout")
    parser.add_argument("--seconds", type=float, default=8.0, help="that the app speaks")
    parser.add_argument("--repeat", type=int, default=3, help="rounds of fanout")
    parser.add_argument("--buffering", choices=("block", "line"), default="block")
    parser.add_argument("--check", action="store_true", help="exit status 1 if one is missed")
    options = parser.parse_args()
    options.rates = [int(each) for each in options.rates.split(",")]
    kept = [PARTS[name](options) for name in options.only.split(",")]
    if options.check and not all(kept):
        sys.exit(1)


if __name__ == "__main__":
    main()
