"""The Platform API: `localku ps` beside `heroku ps`, requests under load, an old state.

    python tests/bench/api_bench.py [--runs 7] [--check]

ps: wall and CPU time of both commands, in turns, against the same platform; without a `heroku`
(on PATH, or named by HEROKU_CLI) localku's alone. api: requests a second over one kept connection,
while the router serves as many as it can. start: time to the first dyno's word with a fresh state
and with 1,000 config changes in it. --check exits with 1 if a promise is not kept.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localku.cli.client import UnixConnection

LOCALKU = str(Path(sys.executable).with_name("localku"))
WEB = "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\n"
CHANGES = 1000
MUST = {"ps wall / heroku ps": 0.25, "ps CPU, ms": 150.0, "api / 200 a second": 1.0}
MUST["start, old state / fresh"] = 1.15


@contextmanager
def running(folder: Path, procfile: str) -> Iterator[int]:
    """`localku start` in a folder; gives the router's port when a web dyno is up."""
    (folder / "Procfile").write_text(procfile)
    out = folder / "out.log"
    with out.open("wb") as log:
        process = subprocess.Popen([LOCALKU, "start", "-p", "0"], cwd=folder, stdout=log)
        try:
            while " to up\n" not in out.read_text() or "Running " not in out.read_text():
                time.sleep(0.02)
            yield int(out.read_text().rpartition("http://localhost:")[2].split()[0].rstrip(","))
        finally:
            process.terminate()
            process.wait()


def cost(command: list[str], folder: Path, env: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU milliseconds of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall * 1000, cpu * 1000


def environment(folder: Path) -> dict[str, str]:
    """What `localku env` prints, for Heroku's CLI, with a home of its own."""
    done = subprocess.run([LOCALKU, "env", "--json"], cwd=folder, capture_output=True, check=True)
    return {**os.environ, **json.loads(done.stdout), "HOME": str(folder)}


def ps(folder: Path, runs: int) -> dict[str, float]:
    """Medians of `localku ps` and `heroku ps`, in turns."""
    heroku = os.environ.get("HEROKU_CLI") or shutil.which("heroku")
    env = environment(folder)
    commands = {"localku": [LOCALKU, "ps"]} | ({"heroku": [heroku, "ps"]} if heroku else {})
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            samples[name].append(cost(command, folder, env))
    walls = {name: statistics.median(w for w, _ in found[1:]) for name, found in samples.items()}
    cpu = statistics.median(c for _, c in samples["localku"][1:])
    print(f"ps: localku {walls['localku']:.0f} ms wall, {cpu:.0f} ms CPU", end="")
    print(f"; heroku {walls['heroku']:.0f} ms wall" if heroku else "; no heroku here")
    ratio = {"ps wall / heroku ps": walls["localku"] / walls["heroku"]} if heroku else {}
    return {"ps CPU, ms": cpu, **ratio}


def hammer(port: int) -> None:
    """Requests to the router, one after the other, until it is killed."""
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as client:
        while True:
            client.sendall(request)
            client.recv(65536)


def api(folder: Path, port: int) -> dict[str, float]:
    """Requests a second of the API while four clients keep the router busy."""
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
    script += f"import api_bench; api_bench.hammer({port})"
    load = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(4)]
    connection = UnixConnection(str(folder / ".localku" / "api.sock"))
    count, began = 0, time.perf_counter()
    try:
        while time.perf_counter() - began < 4:
            connection.request("GET", f"/apps/{folder.name}/dynos")
            connection.getresponse().read()
            count += 1
    finally:
        connection.close()
        for each in load:
            each.kill()
            each.wait()
    rate = count / 4
    print(f"api: {rate:.0f} requests a second (GET dynos) with four clients at the router")
    return {"api / 200 a second": rate / 200}


def first_word(folder: Path) -> float:
    """Milliseconds from the command to the first dyno's own code."""
    os.mkfifo(folder / "pipe")
    (folder / "Procfile").write_text("worker: echo up > pipe; exec sleep 600\n")
    began = time.perf_counter()
    command = [LOCALKU, "start", "-p", "0"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    with (folder / "pipe").open() as pipe:
        pipe.readline()
    took = (time.perf_counter() - began) * 1000
    process.terminate()
    process.wait()
    (folder / "pipe").unlink()
    return took


def start(fresh: Path, old: Path, runs: int) -> dict[str, float]:
    """Time to the first dyno with a fresh state and with an old one, in turns."""
    with running(old, WEB):
        connection = UnixConnection(str(old / ".localku" / "api.sock"))
        for number in range(CHANGES):
            body = json.dumps({"NUMBER": str(number), f"KEY_{number % 50}": "x" * 40})
            connection.request("PATCH", f"/apps/{old.name}/config-vars", body)
            connection.getresponse().read()
        connection.close()
    first_word(fresh)
    first_word(old)
    samples = [(first_word(fresh), first_word(old)) for _ in range(runs)]
    new, aged = (statistics.median(each) for each in zip(*samples, strict=True))
    size = (old / ".localku" / "state.db").stat().st_size >> 10
    print(
        f"start: {new:.1f} ms with a fresh state, {aged:.1f} ms after {CHANGES} changes ({size} KB)"
    )
    return {"start, old state / fresh": aged / new}


def main() -> int:
    """Run all, and with --check judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        shop, fresh, old = (Path(place) / name for name in ("shop", "fresh", "old"))
        for folder in (shop, fresh, old):
            folder.mkdir()
        with running(shop, WEB) as port:
            found = {**ps(shop, options.runs), **api(shop, port)}
        found |= start(fresh, old, options.runs)
    missed = 0
    for name, value in found.items():
        at_least = name.startswith("api")
        kept = value >= MUST[name] if at_least else value <= MUST[name]
        missed += not kept
        bound = "at least" if at_least else "at most"
        print(f"- {name}: {value:.2f}, {bound} {MUST[name]:g}: {'kept' if kept else 'NOT KEPT'}")
    return int(options.check and missed > 0)


if __name__ == "__main__":
    sys.exit(main())
