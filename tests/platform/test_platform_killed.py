"""`kill -9` at any moment: no change that was acknowledged is lost, and none is half there.

A child process changes a state as fast as it can, and says so on a pipe after each commit. It is
killed at a random moment, hundreds of times, always on the same state.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PATIENCE, Folder, wait_until

from localku.cli.client import Client, as_object
from localku.errors import UserError
from localku.logs.stream import LogStream
from localku.platform import releasing
from localku.platform.app import App
from localku.platform.plan import Surroundings
from localku.platform.store import Store

KILLS = 200
AT_MOST = 0.006  # seconds from the first commit of a child to its death

# a fork of a warm process for each run: a new interpreter would take longer than all the rest
NURSERY = """\
import os, sys
sys.path.insert(0, {tests!r})
from test_platform_killed import change_for_ever
path = sys.argv[1]
while sys.stdin.buffer.read(1):
    pid = os.fork()
    if not pid:
        change_for_ever(path)
    os.write(1, b"pid %d\\n" % pid)
    os.waitpid(pid, 0)
    os.write(1, b"dead\\n")
"""


def opened(path: str) -> App:
    """The one app of a state; made if it is not there."""
    store = Store(path)
    states = store.apps()
    if not states:
        states = [releasing.new_state("shop", "", 0.0)]
        with store.change() as change:
            releasing.create(change, states[0])
    return App(states[0], store, LogStream(), Surroundings({}, 1, pty=False))


def change_for_ever(path: str) -> None:
    """Set A, B and C to the version of the release that does it; tell the version when it is in."""
    app = opened(path)
    while True:
        value = f"{app.version + 1} " + "x" * (app.version % 7 * 500)
        gone = {"ODD": "1" if app.version % 2 else None}
        release = releasing.set_config(app, {"A": value, "B": value, "C": value, **gone})
        os.write(1, b"done %d\n" % release.version)


def check(path: str, told: int) -> int:
    """See that the state is whole and has all that was told; returns its version."""
    app = opened(path)
    assert app.version >= told, "an acknowledged change is lost"
    assert app.version <= told + 1
    versions = [each.version for each in app.store.releases(app.id, 5)]
    assert versions == list(range(app.version, 0, -1))[:5]
    newest = app.store.release(app.id, str(app.version))
    assert newest is not None
    assert newest.config == app.config, "half a change is there"
    if app.version > 1:
        assert app.config["A"] == app.config["B"] == app.config["C"]
        assert app.config["A"].split()[0] == str(app.version)
        assert ("ODD" in app.config) == (app.version % 2 == 0)
    app.store.close()
    return app.version


def test_a_state_whose_writer_is_killed(tmp_path: Path) -> None:
    rng = random.Random(4)
    path = str(tmp_path / "state.db")
    script = NURSERY.format(tests=os.path.dirname(__file__))
    version, killed_within = check(path, 1), 0
    with subprocess.Popen(
        [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    ) as nursery:  # fmt: skip
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        for _ in range(KILLS):
            nursery.stdin.write(b".")
            nursery.stdin.flush()
            told, dead, pid = version, False, 0
            while not dead:
                word, _, number = nursery.stdout.readline().decode().strip().partition(" ")
                if word == "pid":
                    pid = int(number)
                elif word == "done" and told == version and pid:
                    told = int(number)
                    pause(rng.random() * AT_MOST)
                    os.kill(pid, signal.SIGKILL)
                elif word == "done":
                    told = max(told, int(number))
                    if pid and told > version + 200:
                        os.kill(pid, signal.SIGKILL)
                dead = word == "dead"
            killed_within += os.path.exists(path + "-journal")
            version = check(path, told)
        nursery.stdin.close()
    assert version > KILLS
    assert killed_within > KILLS // 20, "the kills did not hit transactions"


def pause(seconds: float) -> None:
    """Wait so long, to the microsecond."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


@pytest.mark.parametrize("seed", [1, 2])
def test_a_platform_that_is_killed_in_mid_change(folder: Folder, seed: int) -> None:
    rng = random.Random(seed)
    folder.write("Procfile", "worker: exec sleep 600\n")
    running = folder.start("-m", "worker=0")
    _ = running.port
    client = Client(str(folder.path / ".localku" / "api.sock"), "shop")
    told, last = -1, time.monotonic() + 0.3 + rng.random() * 0.2
    with pytest.raises(UserError):
        while True:
            client.request(
                "PATCH", client.at("config-vars"), {"N": str(told + 1), "M": str(told + 1)}
            )
            told += 1
            if time.monotonic() > last and running.proc.poll() is None:
                running.signal(signal.SIGKILL)
    running.wait(PATIENCE)
    wait_until(lambda: not running.survivors(), "it is gone")
    again = folder.start("-m", "worker=0")
    _ = again.port
    config = as_object(client.get(client.at("config-vars")))
    assert config["N"] == config["M"]
    assert int(config["N"]) in (told, told + 1)
