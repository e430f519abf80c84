"""Do capped dynos behave like small machines? 1, 2, 4, 8 CPU-bound ones, capped and not.

Each dyno works without a pause and counts its pieces of work; read from its log, over the same few
seconds for all. A small machine does as much whether it has neighbours or not, so with caps the
work per dyno is flat and the sum grows in proportion, as long as the caps add up to less than the
cores. Uncapped, the cores are shared out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOCALKU = str(Path(sys.executable).with_name("localku"))
WORKER = """
import hashlib, time
done, used = 0, time.process_time()
next_at = time.monotonic() + 0.5
while True:
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", 1000)
    done += 1
    if time.monotonic() >= next_at:
        next_at += 0.5
        now = time.process_time()
        print("tick", time.monotonic(), done, now - used, flush=True)
"""
TICK = re.compile(r"app\[(worker\.\d+)\]: tick (\S+) (\d+) (\S+)")


def measure(dynos: int, cap: float, seconds: float) -> dict[str, list[float]]:
    """Pieces of work and cores of each dyno, per second, after a second of warm-up."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "worker.py").write_text(WORKER)
        Path(folder, "Procfile").write_text("worker: exec python3 worker.py\n")
        argv = [LOCALKU, "start", "-p", "0", "-m", f"worker={dynos}"]
        argv += ["--dyno-cpu", str(cap)] if cap else ["--no-cap-dynos"]
        with Path(folder, "log").open("w+") as log:
            process = subprocess.Popen(argv, cwd=folder, stdout=log, stderr=log)
            try:
                text = wait_for_ticks(Path(log.name), dynos, process)
                time.sleep(seconds)
                text = Path(log.name).read_text()
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(20)
    if cap and "Capped by" not in text:
        sys.exit("no control groups here:\n" + "\n".join(text.splitlines()[:8]))
    return rates(text, dynos)


def wait_for_ticks(log: Path, dynos: int, process: subprocess.Popen[bytes]) -> str:
    """Until every dyno has worked for a second."""
    deadline = time.monotonic() + 60
    while True:
        text = log.read_text()
        seen = [each[1] for each in TICK.finditer(text)]
        if len(set(seen)) == dynos and min(map(seen.count, set(seen))) >= 3:
            return text
        if time.monotonic() > deadline or process.poll() is not None:
            sys.exit(f"the dynos did not come up:\n{text}")
        time.sleep(0.1)


def rates(text: str, dynos: int) -> dict[str, list[float]]:
    """The common window begins when the last dyno has warmed up."""
    ticks: dict[str, list[tuple[float, int, float]]] = {}
    for each in TICK.finditer(text):
        ticks.setdefault(each[1], []).append((float(each[2]), int(each[3]), float(each[4])))
    begin = max(series[2][0] for series in ticks.values())
    work, cores = [], []
    for series in ticks.values():
        inside = [each for each in series if each[0] >= begin - 0.5]
        first, last = inside[0], inside[-1]
        elapsed = last[0] - first[0]
        work.append((last[1] - first[1]) / elapsed)
        cores.append((last[2] - first[2]) / elapsed)
    assert len(work) == dynos
    return {"work": work, "cores": cores}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dynos", default="1,2,4,8")
    parser.add_argument("--cap", type=float, default=0.0, help="cores of a dyno (0: fits 8)")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    counts = [int(word) for word in options.dynos.split(",")]
    cores = os.cpu_count() or 1
    cap = options.cap or round(0.8 * cores / max(counts), 3)
    figures = []
    print(f"{cores} cores, load {os.getloadavg()[0]:.1f}, cap {cap} cores a dyno", file=sys.stderr)
    for dynos in counts:
        for limit in (cap, 0.0):
            found = measure(dynos, limit, options.seconds)
            each = found["cores"]
            figures.append(
                {
                    "dynos": dynos,
                    "cap": limit,
                    "work": sum(found["work"]),
                    "cores_each": statistics.mean(each),
                    "spread": (max(each) - min(each)) / statistics.mean(each),
                    "work_each": statistics.mean(found["work"]),
                }
            )
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    print("dynos  cap     cores each  spread  work/s  per dyno, of the first")
    alone = {figure["cap"]: figure["work_each"] for figure in figures[:2]}
    for figure in figures:
        share = figure["work_each"] / alone[figure["cap"]]
        print(
            f"{figure['dynos']:5}  {figure['cap'] or 'none':<6}  {figure['cores_each']:10.3f}"
            f"  {figure['spread']:6.1%}  {figure['work']:6.0f}  {share:7.1%}"
        )


if __name__ == "__main__":
    main()
