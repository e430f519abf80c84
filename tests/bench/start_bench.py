"""How fast a Procfile manager starts, and what it costs while it runs: localku beside its peers.

    python tests/bench/start_bench.py                       # everything: some ten minutes
    python tests/bench/start_bench.py --only start --runs 5
    python tests/bench/start_bench.py --managers localku,honcho --json

Five trials: start (time from the command to the first dyno), idle (wake-ups and CPU), memory (PSS
with ten dynos), scale (50 dynos) and watch (from a save to the new process). Rounds are
interleaved and ratios are to honcho in the same run. README.md tells how each figure is taken,
how to get the peers, and what a loaded machine does to the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping

import peers
import start_proc
import start_report as report
import start_trials as trials
from start_report import Promise, Section
from start_stage import Stage

TRIALS = ("start", "idle", "memory", "scale", "watch")
LABELS = [
    "localku",
    "localku --watch",
    "localku, after `localku ps`",
    *(peer.name for peer in peers.PEERS[1:]),
]


def say(text: str) -> None:
    """Progress goes to stderr, results to stdout."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def machine() -> dict[str, str]:
    """What the figures depend on."""
    load = " ".join(f"{part:.2f}" for part in os.getloadavg())
    name = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {"system": name, "cores": str(os.cpu_count()), "load": load}


def compile_all(managers: list[peers.Manager]) -> dict[str, str]:
    """Compile what pip would have compiled for the managers in Python; the Python of each."""
    pythons = {}
    for manager in managers:
        with open(manager.path, "rb") as file:
            first = file.readline().decode(errors="replace").strip()
        if not first.startswith("#!") or "python" not in first:
            continue
        python = first[2:].split()[0]
        code = (
            "import compileall, importlib.util as u, os, sys, sysconfig\n"
            "os.chdir('/')\n"
            "spec = u.find_spec(sys.argv[1])\n"
            "folders = {sysconfig.get_path('purelib'), *(spec.submodule_search_locations or ())}\n"
            "[compileall.compile_dir(folder, quiet=2) for folder in folders]\n"
            "print(sys.version.split()[0])\n"
        )
        env = peers.environment(os.environ, {})
        done = subprocess.run(
            [python, "-c", code, manager.peer.program], env=env, capture_output=True, text=True
        )
        pythons[manager.name] = done.stdout.strip() or "?"
    return pythons


def start_section(setup: trials.Setup) -> Section:
    """Trial 1: a table for each case."""
    found = trials.start_trial(setup)
    names = [manager.name for manager in setup.managers]
    parts = []
    for case, samples in found.items():
        columns = {"first": 1, "last": 1} if "types" in case else {"first": 1}
        parts.append(f"**{case}** (ms)\n\n" + report.comparison(samples, names, columns, ["first"]))
    promises = [
        Promise(f"start, {case}", report.ratio(samples, "localku", "first"), 0.35)
        for case, samples in found.items()
    ]
    return Section(found, "\n\n".join(parts), promises)


def idle_section(setup: trials.Setup) -> Section:
    """Trial 2."""
    found = trials.idle_trial(setup)
    columns = {"wake-ups/s": 2, "CPU %": 3, "processes": 0}
    promises = [
        Promise(f"idle, {name}", report.middle(found, name, "wake-ups/s"), 1.0)
        for name in LABELS[:3]
    ]
    return Section(found, report.comparison(found, known(found), columns, []), promises)


def memory_section(setup: trials.Setup) -> Section:
    """Trial 3. What is promised is the state as started; the others are shown."""
    found = trials.memory_trial(setup)
    columns = {"PSS": 1, "alone": 1, "processes": 0}
    promises = [
        Promise(f"memory, {figure}", report.ratio(found, "localku", figure), 0.5)
        for figure in ("PSS", "alone")
    ]
    shown = report.comparison(found, known(found), columns, ["PSS", "alone"])
    return Section(found, f"MB, 10 dynos\n\n{shown}", promises)


def scale_section(setup: trials.Setup) -> Section:
    """Trial 4."""
    found = trials.scale_trial(setup)
    names = [manager.name for manager in setup.managers]
    columns = {"start": 2, "stop": 2, "left": 0}
    shown = report.comparison(found, names, columns, ["start", "stop"])
    head = "Seconds, 50 dynos; left: processes that had to be killed after the manager's end"
    return Section(found, f"{head}\n\n{shown}", [])


def watch_section(setup: trials.Setup, saves: int) -> Section:
    """Trial 5."""
    found = trials.watch_trial(setup, saves)
    rows = []
    for name, figures in found.items():
        values = figures["save"]
        row = [name, f"{statistics.median(values):.0f}", f"{report.percentile(values, 0.95):.0f}"]
        rows.append([*row, f"{min(values):.0f}-{max(values):.0f}"])
    own = found.get("localku --watch", {}).get("save", [])
    worst = report.percentile(own, 0.95) if own else float("nan")
    shown = report.table(["manager", "p50", "p95", "min-max"], rows)
    promise = Promise("watch, p95", worst, 150.0, ".0f")
    return Section(found, f"ms, {saves} saves\n\n{shown}", [promise])


def known(samples: Mapping[str, object]) -> list[str]:
    """The labels that have figures, in a fixed order."""
    return [label for label in LABELS if label in samples]


def sections(setup: trials.Setup, saves: int) -> dict[str, Callable[[], Section]]:
    """The trials by name. What needs Linux's /proc is left out elsewhere."""
    found: dict[str, Callable[[], Section]] = {
        "start": lambda: start_section(setup),
        "idle": lambda: idle_section(setup),
        "memory": lambda: memory_section(setup),
        "scale": lambda: scale_section(setup),
        "watch": lambda: watch_section(setup, saves),
    }
    return found if start_proc.LINUX else {name: found[name] for name in ("start", "watch")}


def warm_up(setup: trials.Setup) -> None:
    """One start of each that is not counted: files come into memory, first-run folders are made."""
    for manager in list(setup.managers):
        try:
            with Stage(manager, trials.TWO, home=setup.home) as stage:
                stage.said(2)
                time.sleep(0.2)
        except RuntimeError as error:
            setup.failed("warm-up", manager.name, error)
            setup.managers.remove(manager)


def versions(
    managers: list[peers.Manager], missing: list[peers.Peer], pythons: Mapping[str, str]
) -> str:
    """A row for each peer, also for those that are not here."""
    rows = []
    for manager in managers:
        python = pythons.get(manager.name)
        rows.append([manager.name, manager.version, f"Python {python}" if python else ""])
    rows += [[peer.name, "not installed", peer.get] for peer in missing]
    return report.table(["manager", "version", ""], rows)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="rounds of the start trial")
    parser.add_argument("--saves", type=int, default=20, help="saves of the watch trial")
    parser.add_argument("--only", default=",".join(TRIALS), help="trials, parted by commas")
    parser.add_argument("--managers", default="", help="managers, parted by commas")
    parser.add_argument("--localku", default="", help="the localku to measure (a path)")
    parser.add_argument("--check", action="store_true", help="exit 1 if a promise is not kept")
    parser.add_argument("--json", action="store_true", help="all samples as JSON, no tables")
    given = parser.parse_args()
    peer_names = [peer.name for peer in peers.PEERS]
    for text, known_names in ((given.only, TRIALS), (given.managers, peer_names)):
        for name in filter(None, text.split(",")):
            if name not in known_names:
                parser.error(f"{name} is none of {', '.join(known_names)}")
    return given


def measure(given: argparse.Namespace, setup: trials.Setup) -> dict[str, Section]:
    """Run the trials that were asked for."""
    wanted = given.only.split(",")
    todo = sections(setup, given.saves)
    return {name: section() for name, section in todo.items() if name in wanted}


def main() -> int:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="start-bench-home-") as home:
        only = [name for name in given.managers.split(",") if name]
        managers, missing = peers.installed(home, given.localku, only)
        setup = trials.Setup(managers, home, given.runs, say)
        before = machine()
        pythons = compile_all(managers)
        warm_up(setup)
        done = measure(given, setup)
        after = machine()
    if given.json:
        data = {name: section.samples for name, section in done.items()}
        result = {"before": before, "after": after, "trials": data, "failures": setup.failures}
        result["versions"] = {manager.name: manager.version for manager in managers}
        print(json.dumps(result, indent=1))
    else:
        line = f"{before['system']}, {before['cores']} cores, load {before['load']}"
        print(f"{line} before and {after['load']} after; {given.runs} runs\n")
        print(versions(managers, missing, pythons))
        for name, section in done.items():
            print(f"\n### {name}\n\n{section.text}\n")
            print("\n".join(map(str, section.promises)))
        for failure in setup.failures:
            print(f"\nFAILED: {failure}")
    promises = [promise for section in done.values() for promise in section.promises]
    return int(given.check and not all(promise.is_kept for promise in promises))


if __name__ == "__main__":
    sys.exit(main())
