"""How long `localku help`, `localku check` and `localku ps` take, beside `honcho check`.

    python tests/bench/cli_bench.py [--runs N]

Whole commands from outside, interleaved; medians in ms and the ratio to `honcho check` in the same
run. `ps` is asked of a platform that has answered once (the first answer imports its server).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    import localku

    folder = str(Path(localku.__file__).parent)
    subprocess.run([sys.executable, "-m", "compileall", "-q", folder], env=env, check=True)
    with tempfile.TemporaryDirectory() as root:
        Path(root, "Procfile").write_text("worker: exec sleep 600\n")
        platform = subprocess.Popen(
            [BIN / "localku", "start", "-p", "0"],
            cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            assert platform.stdout is not None
            while b"Running" not in platform.stdout.readline():
                pass
            table(measure(root, env, runs))
        finally:
            platform.terminate()
            platform.wait()
            shutil.rmtree(Path(root, ".localku"), ignore_errors=True)
    return 0


def measure(root: str, env: dict[str, str], runs: int) -> dict[str, list[float]]:
    commands = {
        "honcho check": [str(BIN / "honcho"), "check"],
        "localku help": [str(BIN / "localku"), "help"],
        "localku check": [str(BIN / "localku"), "check"],
        "localku ps": [str(BIN / "localku"), "ps"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, argv in commands.items():
            began = time.perf_counter()
            done = subprocess.run(argv, cwd=root, env=env, capture_output=True)
            took = time.perf_counter() - began
            if done.returncode:
                raise SystemExit(f"{name} failed: {done.stderr.decode()}")
            if turn:
                times[name].append(took * 1000)
    return times


def table(times: dict[str, list[float]]) -> None:
    base = statistics.median(times["honcho check"])
    print("| command | median ms | min | ratio to `honcho check` |\n|---|---:|---:|---:|")
    for name, found in times.items():
        middle = statistics.median(found)
        print(f"| `{name}` | {middle:.0f} | {min(found):.0f} | {middle / base:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
