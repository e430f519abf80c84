"""`localku load --scale` as a person types it: measured, interrupted, killed, misspelt."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import LOCALKU, Folder, wait_until
from sweep_kit import quantity, started, states

QUICK = ("--duration", "0.5s", "--warmup", "0.1s", "--rate", "40")


def test_a_sweep_measures_each_count_and_writes_its_report(folder: Folder) -> None:
    shop = started(folder)
    done = shop.cli("load", "--scale", "web=1,2", *QUICK, "--json", "s.json", "--html", "s.html")
    assert done.returncode == 0, done.stderr
    for words in ("web=1", "web=2", "no scaling law", "core", "the formation is web=1 again"):
        assert words in done.stdout + done.stderr
    found = json.loads(Path(folder.path, "s.json").read_text())
    assert sorted(step["dynos"]["web"] for step in found["steps"]) == [1, 2]
    assert sorted(found["steps"][0]["share"]) in (["web.1"], ["web.1", "web.2"])
    assert "Throughput over dynos" in Path(folder.path, "s.html").read_text()
    assert quantity(folder) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_the_formation_comes_back(folder: Folder, number: int) -> None:
    started(folder)
    load = folder.run("load", "--scale", "web=3", "--duration", "60s", env={})
    wait_until(lambda: states(folder).get("web.3") == "up", "web.3 is up")
    load.signal(number)
    load.signal(number)  # impatience spoils nothing
    assert load.wait() == 130
    assert "the formation is web=1 again" in load.text and quantity(folder) == 1


def test_a_command_that_is_killed_leaves_the_formation_as_it_was(folder: Folder) -> None:
    started(folder)
    load = subprocess.Popen(
        [LOCALKU, "load", "--scale", "web=2", "--duration", "60s"],
        cwd=folder.path,
        env=folder.environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: states(folder).get("web.2") == "up", "web.2 is up")
    os.killpg(load.pid, signal.SIGKILL)
    load.wait()
    wait_until(lambda: quantity(folder) == 1, "the guard has put the formation back")


def test_an_app_that_dies_is_a_failed_test(folder: Folder) -> None:
    shop = started(folder)
    load = folder.run("load", "--scale", "web=1", "--duration", "60s")
    load.wait_for("waiting until it is up")
    wait_until(lambda: states(folder).get("web.1") == "up", "web.1 is up")
    pid = shop.pid_of("web.1")
    wait_until(lambda: "GET" in shop.text or load.proc.poll() is not None, "requests arrive")
    os.kill(pid, signal.SIGKILL)
    assert load.wait() == 1
    assert "while web=1 was measured" in load.text and quantity(folder) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scale", "web"), "these are no counts"),
        (("--scale", "wep=1,2"), "no process type wep"),
        (("--scale", "web=1", "--find-max", "p95"), "no latency to stay below"),
        (("--scale", "web=1", "--repeat", "0"), "not a whole number"),
    ],
)
def test_what_is_misspelt_changes_nothing(
    folder: Folder, words: tuple[str, ...], said: str
) -> None:
    shop = started(folder)
    done = shop.cli("load", *words)
    assert done.returncode in (1, 2) and said in done.stderr and quantity(folder) == 1
