"""From a save to the restart: localku's file watch beside its peers, in one run.

    .venv/bin/python tests/bench/watch_bench.py [--saves 50] [--folders 100]
                                                [--watchmedo PATH] [--nodemon PATH]

Each watcher watches the same kind of tree (folders of Python files) and, at a change, runs a
command that writes a byte, as a supervisor would start a dyno. Latency is from the end of the
save to that byte, so it has the start of a shell in it; idle wake-ups are the context switches
of all the watcher's threads and children over 5 s without a change. Prints a markdown table.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IDLE = 5.0  # seconds
PACE = (0.6, 0.9)  # seconds between two saves, as by hand
PATIENCE = 15.0

OURS = """
import asyncio, subprocess, sys
from localku.watch.rules import RuleSet
from localku.watch.watcher import Watcher

def on_change(change):
    subprocess.run(["sh", "-c", sys.argv[2]])

async def main():
    watcher = Watcher(RuleSet(sys.argv[1], {"web": None}), on_change)
    await watcher.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--saves", type=int, default=50)
    parser.add_argument("--folders", type=int, default=100)
    parser.add_argument(
        "--only", nargs="*", default=["localku", "watchfiles", "watchmedo", "nodemon"]
    )
    parser.add_argument("--watchmedo", default=shutil.which("watchmedo"))
    parser.add_argument("--nodemon", default=shutil.which("nodemon"))
    given = parser.parse_args()
    rows = []
    for name in given.only:
        with tempfile.TemporaryDirectory() as folder:
            command = command_of(name, Path(folder).resolve(), given)
            if command is not None:
                rows.append(measure(name, Path(folder).resolve(), command, given))
    print("| watcher | p50 ms | p95 ms | worst ms | missed | idle wake-ups/s | CPU ms/save |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def command_of(name: str, folder: Path, given: argparse.Namespace) -> list[str] | None:
    root, deed = folder / "app", f"echo >> {folder / 'deeds'}"
    if name == "localku":
        return [sys.executable, "-c", OURS, str(root), deed]
    if name == "watchfiles":
        tool = Path(sys.executable).with_name("watchfiles")
        return [
            str(tool),
            "--verbosity",
            "warning",
            "--target-type",
            "command",
            f"sh -c '{deed}'",
            str(root),
        ]
    if name == "watchmedo" and given.watchmedo:
        arguments = ["shell-command", "--recursive", "--drop"]
        deed = f"echo ${{watch_object}} >> {folder / 'deeds'}"  # without a variable it runs nothing
        return [given.watchmedo, *arguments, f"--command={deed}", str(root)]
    if name == "nodemon" and given.nodemon:
        return [given.nodemon, "-q", "--watch", str(root), "-e", "py", "--exec", deed]
    return None


def measure(name: str, folder: Path, command: list[str], given: argparse.Namespace) -> list[str]:
    root = folder / "app"
    files = [root / f"p{n}" / f"m{k}.py" for n in range(given.folders) for k in range(5)]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n")
    deeds = folder / "deeds"
    deeds.touch()
    process = subprocess.Popen(
        command,
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        warm_up(files[0], deeds)
        spent = cpu(process.pid)
        latencies = [save(random.choice(files), deeds) for _ in range(given.saves)]
        spent = cpu(process.pid) - spent
        wakes = idle(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    seen = sorted(one for one in latencies if one is not None)
    p95 = seen[int(len(seen) * 0.95) - 1]
    figures = [statistics.median(seen), p95, seen[-1]]
    return [
        name,
        *(f"{figure:.1f}" for figure in figures),
        str(len(latencies) - len(seen)),
        f"{wakes:.1f}",
        f"{spent / given.saves * 1000:.1f}",
    ]


def warm_up(file: Path, deeds: Path) -> None:
    """Save until it is noticed: the watch stands from then on."""
    end = time.monotonic() + PATIENCE
    while deeds.stat().st_size == 0:
        if time.monotonic() > end:
            raise SystemExit(f"{deeds.parent}: the watcher does not notice a save")
        file.write_text("warm = 1\n")
        time.sleep(0.5)
    time.sleep(2)


def save(file: Path, deeds: Path) -> float | None:
    """One save; the ms until the command's deed, None when it did not come within 3 s."""
    time.sleep(random.uniform(*PACE))
    size = deeds.stat().st_size
    file.write_text(f"x = {random.random()}\n")
    began = time.perf_counter()
    while time.perf_counter() - began < 3:
        if deeds.stat().st_size != size:
            return (time.perf_counter() - began) * 1000
        time.sleep(0.0005)
    return None


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for one in found:
        for task in tasks(one):
            try:
                children = Path(f"/proc/{one}/task/{task}/children").read_text().split()
            except OSError:
                continue
            found.extend(map(int, children))
    return found


def tasks(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []


def switches(pid: int) -> dict[str, int]:
    counts = {}
    for one in family(pid):
        for task in tasks(one):
            lines = Path(f"/proc/{one}/task/{task}/status").read_text().splitlines()
            counts[task] = sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
    return counts


def idle(pid: int) -> float:
    """Context switches a second while nothing changes."""
    time.sleep(2.5)
    before = switches(pid)
    time.sleep(IDLE)
    after = switches(pid)
    return sum(after[task] - before.get(task, 0) for task in after) / IDLE


def cpu(pid: int) -> float:
    """Seconds of CPU of a process and its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
