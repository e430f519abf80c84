"""How much CPU a Procfile manager spends on a log line, and how many lines a second it passes on.

    python tests/bench/log_bench.py                  # localku start, honcho, foreman, ...
    python tests/bench/log_bench.py --only honcho --localku "localku start --root {dir} -p 6000"

Two children write 80-byte lines as fast as they can; the manager's output goes to a file. The
children wait at a fifo before the first line and at another after the last one, so that start-up
and shutdown are outside the measurement. Every run is checked: each line of each child is there
once and in order.

CPU is that of the manager's own processes (user + system, all threads), the difference between the
two fifos: honcho's are its main process and one Python per child; a helper of localku counts too;
the children and their shells do not. On Linux it is read from /proc/PID/task/*/schedstat (in
nanoseconds), elsewhere from ps (in hundredths of a second: use more --lines there). Lines a second
are all lines over the time from the go to the last write to the file. Rounds are interleaved;
medians are shown.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHILD = """\
import sys
name, folder, lines, buffering = sys.argv[1:]
open(f"{folder}/go-{name}").read()
text = "x" * (80 - len(name) - 11)
write, flush = sys.stdout.write, sys.stdout.flush
for number in range(int(lines)):
    write("%s %08d %s\\n" % (name, number, text))
    if buffering == "line":
        flush()
flush()
open(f"{folder}/written-{name}", "w").close()
open(f"{folder}/end-{name}").read()
"""
NAMES = ("web", "worker")


def own_path(procfile: str) -> None:
    """A manager that is nothing but localku's log path: pumps, stream, formatter, console."""
    import asyncio

    from honcho.environ import parse_procfile

    from localku.logs.console import Console
    from localku.logs.entry import Entry
    from localku.logs.format import Formatter
    from localku.logs.lines import LineSplitter
    from localku.logs.pump import Pump
    from localku.logs.stream import LogStream

    text = Path(procfile).read_text()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        stream = LogStream()
        console = Console(1, Formatter("heroku"))
        pumps: list[Pump] = []
        console.on_pressure = lambda on: [(p.pause if on else p.resume)() for p in pumps]
        stream.subscribe(console)
        console.start(loop)
        ended = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        processes = parse_procfile(text).processes
        for name, command in processes.items():
            reader, writer = os.pipe()
            subprocess.Popen(command, shell=True, stdout=writer)  # noqa: ASYNC220
            os.close(writer)

            def emit(data: bytes, continues: bool, dyno: str = name + ".1") -> None:
                stream.publish(Entry(time.time(), "app", dyno, data, continues))

            pumps.append(Pump(loop, reader, LineSplitter(), emit))
        await ended.wait()
        console.close(5)

    asyncio.run(main())


class Run:
    """One manager, once, in a folder of its own."""

    def __init__(self, command: list[str], lines: int, buffering: str, folder: str) -> None:
        self.lines = lines
        self.folder = folder
        self.output = f"{folder}/output"
        self.child = f"{folder}/bench_child.py"
        Path(self.child).write_text(CHILD)
        with open(f"{folder}/Procfile", "w") as procfile:
            for name in NAMES:
                os.mkfifo(f"{folder}/go-{name}")
                os.mkfifo(f"{folder}/end-{name}")
                words = [sys.executable, "-S", self.child, name, folder, str(lines), buffering]
                procfile.write(f"{name}: exec {shlex.join(words)}\n")
        with socket.create_server(("localhost", 0)) as probe:
            port = str(probe.getsockname()[1])
        with open(self.output, "wb") as output:
            self.manager = subprocess.Popen(
                [word.replace("{dir}", folder).replace("{port}", port) for word in command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def measure(self) -> tuple[float, float]:
        """CPU in microseconds a line, and lines a second. Raises RuntimeError if lines are lost."""
        go = [self._fifo(f"go-{name}") for name in NAMES]
        time.sleep(0.3)  # let the manager come to rest, so that start-up is not measured
        before = cpu_seconds(self._managers())
        start = time.time()
        for fd in go:
            os.close(fd)
        self._wait_until_written()
        cpu = cpu_seconds(self._managers()) - before
        seconds = os.stat(self.output).st_mtime - start
        self._verify()
        total = self.lines * len(NAMES)
        return cpu / total * 1e6, total / seconds

    def stop(self) -> None:
        """End manager and children; nothing is left behind."""
        self.manager.terminate()
        for name in NAMES:
            try:
                os.close(self._fifo(f"end-{name}", 0.2))
            except RuntimeError:
                pass  # this child is gone already
        try:
            self.manager.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.manager.pid, signal.SIGKILL)
            self.manager.wait()

    def _fifo(self, name: str, seconds: float = 30.0) -> int:
        """Open a fifo for writing once somebody reads it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return os.open(f"{self.folder}/{name}", os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                if time.monotonic() > deadline or self.manager.poll() is not None:
                    raise RuntimeError(f"nobody waits at {name}\n{self._tail()}") from None
                time.sleep(0.01)

    def _wait_until_written(self) -> None:
        deadline = time.monotonic() + 120
        size, since = -1, 0.0
        while True:
            if time.monotonic() > deadline:
                raise RuntimeError(f"not done in 120 s\n{self._tail()}")
            time.sleep(0.05)
            new = os.stat(self.output).st_size
            done = all(os.path.exists(f"{self.folder}/written-{name}") for name in NAMES)
            if new != size or not done:
                size, since = new, time.monotonic()
            elif time.monotonic() - since > 0.5:
                return

    def _verify(self) -> None:
        output = Path(self.output).read_bytes()
        wanted = [b"%08d" % number for number in range(self.lines)]
        for name in NAMES:
            found = re.findall(rb"[^\w]%s (\d{8}) x+\r?$" % name.encode(), output, re.MULTILINE)
            if found != wanted:
                raise RuntimeError(f"{name}: {len(found)} lines of {self.lines}, or out of order")

    def _tail(self) -> str:
        return Path(self.output).read_bytes()[-1000:].decode(errors="replace")

    def _managers(self) -> list[int]:
        """The manager and its descendants, without the children that write the lines."""
        table = processes()
        found, queue = [], [self.manager.pid]
        while queue:
            pid = queue.pop()
            if pid in table and self.child not in table[pid][1]:
                found.append(pid)
            queue += [other for other, (parent, _) in table.items() if parent == pid]
        return found


def processes() -> dict[int, tuple[int, str]]:
    """pid -> (parent's pid, command line) of all processes."""
    out = subprocess.run(["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True)
    table = {}
    for line in out.stdout.decode(errors="replace").splitlines():
        pid, parent, *command = line.split(None, 2)
        table[int(pid)] = (int(parent), command[0] if command else "")
    return table


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of all threads of these processes so far."""
    if os.path.exists("/proc/self/schedstat"):
        stats = [stat for pid in pids for stat in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9
    total = 0.0
    for pid in pids:
        out = subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True)
        for place, part in enumerate(reversed(out.stdout.strip().split(":"))):
            total += float(part or 0) * 60**place
    return total


def managers(arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Name -> command line of every manager that is installed."""
    here = os.path.dirname(sys.executable)
    found = {"localku (log path)": [sys.executable, __file__, "--own-path", "{dir}/Procfile"]}
    installed = os.path.join(here, "localku")
    if arguments.localku:
        found["localku start"] = shlex.split(arguments.localku)
    elif os.path.exists(installed):
        found["localku start"] = [installed, "start", "--root", "{dir}", "-p", "{port}"]
    candidates = {
        "honcho": ["honcho", "-f", "{dir}/Procfile", "start"],
        "foreman": ["foreman", "start", "-f", "{dir}/Procfile"],
        "hivemind": ["hivemind", "{dir}/Procfile"],
        "goreman": ["goreman", "-f", "{dir}/Procfile", "start"],
        "node-foreman": ["nf", "-j", "{dir}/Procfile", "start"],
    }
    for name, (program, *rest) in candidates.items():
        path = shutil.which(program, path=here + os.pathsep + os.environ.get("PATH", ""))
        if path and (not arguments.only or name in arguments.only.split(",")):
            found[name] = [path, *rest]
    return found


def table(results: dict[str, list[tuple[float, float]]]) -> str:
    """A markdown table of medians, with ratios to honcho where it was measured."""
    medians = {
        name: tuple(statistics.median(column) for column in zip(*runs, strict=True))
        for name, runs in results.items()
        if runs
    }
    base = medians.get("honcho")
    rows = [
        "| manager | CPU us/line | lines/s | honcho's CPU / its CPU | its lines/s / honcho's |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, (cpu, rate) in sorted(medians.items(), key=lambda item: item[1][0]):
        ratios = f"{base[0] / cpu:.1f} | {rate / base[1]:.1f}" if base else "- | -"
        rows.append(f"| {name} | {cpu:.3f} | {rate:,.0f} | {ratios} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=200_000, help="lines of each child")
    parser.add_argument("--repeat", type=int, default=5, help="rounds, interleaved")
    parser.add_argument("--buffering", choices=("block", "line"), default="block")
    parser.add_argument("--localku", help="the command of localku; {dir} and {port} are filled in")
    parser.add_argument("--only", help="other managers to measure, parted by commas")
    parser.add_argument("--own-path", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.own_path:
        own_path(arguments.own_path)
        return
    commands = managers(arguments)
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(arguments.repeat):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory(prefix="log-bench-") as folder:
                run = Run(command, arguments.lines, arguments.buffering, folder)
                try:
                    results[name].append(run.measure())
                    print(
                        f"{name}: %.3f us/line, %.0f lines/s" % results[name][-1], file=sys.stderr
                    )
                except RuntimeError as error:
                    print(f"{name}: {error}", file=sys.stderr)
                finally:
                    run.stop()
    print(table(results))


if __name__ == "__main__":
    main()
