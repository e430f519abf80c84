"""`localku ps`, `ps:scale`, `ps:restart`, `ps:stop` from a second terminal, for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

MOMENT = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [+-]\d{4} \(~ \d+s ago\)"


@pytest.fixture
def shop(folder: Folder) -> Iterator[Running]:
    folder.write("Procfile", "worker: exec sleep 600\nclock: exec sleep 500\n")
    running = folder.start("-m", "worker=2,clock=0")
    _ = running.port
    yield running


def test_ps_lists_what_runs(shop: Running) -> None:
    done = shop.cli("ps")
    assert (done.returncode, done.stderr) == (0, "")
    expected = (
        r"=== worker \(Standard-1X\): exec sleep 600 \(2\)\n\n"
        rf"worker\.1: up {MOMENT}\nworker\.2: up {MOMENT}\n\n"
    )
    assert re.fullmatch(expected, done.stdout), done.stdout


def test_ps_of_a_type_and_of_one_that_has_no_dynos(shop: Running) -> None:
    some, every = (re.sub(MOMENT, "", shop.cli("ps", *argv).stdout) for argv in (["worker"], []))
    assert some == every
    done = shop.cli("ps", "clock")
    assert (done.returncode, done.stdout, done.stderr) == (
        1, "", "localku: No clock dynos on ⬢ shop\n",
    )  # fmt: skip


def test_ps_as_json(shop: Running) -> None:
    dynos = json.loads(shop.cli("ps", "--json").stdout)
    assert [(each["name"], each["state"]) for each in dynos] == [
        ("worker.1", "up"),
        ("worker.2", "up"),
    ]


def test_ps_when_nothing_runs(shop: Running) -> None:
    shop.cli("ps:scale", "worker=0")
    done = shop.cli("ps")
    assert (done.returncode, done.stdout) == (0, "No dynos on ⬢ shop\n")


def test_scale_shows_the_formation(shop: Running) -> None:
    done = shop.cli("ps:scale")
    assert done.stdout == "clock=0:Standard-1X worker=2:Standard-1X\n"
    listed = json.loads(shop.cli("ps", "scale", "--json").stdout)
    assert {each["type"]: each["quantity"] for each in listed} == {"clock": 0, "worker": 2}


def test_scale_changes_it(shop: Running) -> None:
    done = shop.cli("ps:scale", "worker+1", "-a", "shop", "clock=1:standard-1x", "worker-2")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "Scaling dynos... done, now running worker at 1:Standard-1X, clock at 1:Standard-1X\n"
    )
    shop.wait_for(r"app\[api\]: Scaled to clock@1:Standard-1X worker@1:Standard-1X by user ")
    shop.wait_for(r"heroku\[clock\.1\]: State changed from starting to up$")
    shop.wait_for(r"heroku\[worker\.2\]: Process exited with status 143$")


REFUSED = {
    "no such type": (["ps:scale", "nosuch=1"], 1, "Couldn't find that process type (nosuch)"),
    "too few": (["ps:scale", "worker-9"], 1, "worker runs 2, so 9 cannot be taken away"),
    "too many": (["ps:scale", "worker+999"], 1, "more than 1000 dynos of worker"),
    "another size": (["ps:scale", "worker=1:huge"], 1, "No such dyno size as 'huge'"),
    "half of it": (["ps:scale", "worker=5", "nosuch=1"], 1, "process type (nosuch)"),
    "no change": (["ps:scale", "worker"], 2, "'worker' is not a change of a formation"),
    "no such flag": (["ps:scale", "--nosuch"], 2, "see `localku help ps:scale`"),
    "no such dyno": (["ps:restart", "worker.9"], 1, "Couldn't find that process (worker.9)"),
    "no such type to restart": (["ps:restart", "web"], 1, "that process type (web)"),
    "nothing to stop": (["ps:stop"], 2, "name a dyno (web.1) or a process type (web)"),
    "no such dyno to stop": (["ps:stop", "worker.9"], 1, "Couldn't find that process (worker.9)"),
    "another app": (["ps", "-a", "other"], 1, "the app that runs here is shop, not other"),
    "no such folder": (["ps", "--root", "nosuch"], 1, "there is no such folder: nosuch"),
}


def test_what_is_refused_is_one_line_and_changes_nothing(shop: Running) -> None:
    for what, (argv, status, message) in REFUSED.items():
        done = shop.cli(*argv)
        assert (done.returncode, done.stdout) == (status, ""), (what, done)
        last = done.stderr.splitlines()[-1]
        assert last.startswith("localku: "), (what, done.stderr)
        assert message in last, (what, done.stderr)
        assert "Traceback" not in done.stderr
    assert shop.cli("ps:scale").stdout == "clock=0:Standard-1X worker=2:Standard-1X\n"
    assert "State changed from up" not in shop.text


RESTARTS = {
    "all": ([], "Restarting all dynos on shop... done\n", {"worker.1", "worker.2"}),
    "a dyno": (["worker.1"], "Restarting dyno worker.1 on shop... done\n", {"worker.1"}),
    "-d": (["-d", "worker.2"], "Restarting dyno worker.2 on shop... done\n", {"worker.2"}),
    "a type": (
        ["worker"], "Restarting all worker dynos on shop... done\n", {"worker.1", "worker.2"},
    ),
    "-p": (
        ["-p", "worker"], "Restarting all worker dynos on shop... done\n", {"worker.1", "worker.2"},
    ),
    "two": (
        ["worker.1", "worker.2"],
        "Restarting dyno worker.1 on shop... done\nRestarting dyno worker.2 on shop... done\n",
        {"worker.1", "worker.2"},
    ),
}  # fmt: skip


def ids(shop: Running) -> dict[str, str]:
    """The ids of the dynos that are up."""
    listed = json.loads(shop.cli("ps", "--json").stdout)
    return {each["name"]: each["id"] for each in listed if each["state"] == "up"}


@pytest.mark.parametrize(("argv", "said", "names"), RESTARTS.values(), ids=RESTARTS)
def test_restart(shop: Running, argv: list[str], said: str, names: set[str]) -> None:
    before = ids(shop)
    done = shop.cli("ps:restart", *argv)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", said)

    def restarted() -> bool:
        now = ids(shop)
        return len(now) == 2 and {name for name in now if now[name] != before[name]} == names

    wait_until(restarted, f"{names} are restarted")


def test_stop_says_that_the_dyno_starts_again(shop: Running) -> None:
    before = ids(shop)
    done = shop.cli("ps:stop", "worker.2")
    assert done.returncode == 0
    first, hint = done.stderr.splitlines()
    assert first == "Stopping dyno worker.2 on shop... done"
    assert "`localku ps:scale worker=0`" in hint
    wait_until(lambda: len(ids(shop)) == 2 and ids(shop) != before, "worker.2 runs again")
    assert shop.cli("ps:stop", "-p", "worker").stderr.startswith(
        "Stopping all worker dynos on shop... done\n"
    )


def test_ps_on_a_terminal_without_the_letters(shop: Running) -> None:
    shop.cli("ps:scale", "worker=0")
    done = subprocess.run(
        [LOCALKU, "ps"], cwd=shop.cwd, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "No dynos on \\u2b22 shop\n")


def test_ps_imports_nothing_heavy(shop: Running) -> None:
    """What makes it feel instant; tests/bench/cli_bench.py measures it."""
    script = (
        "import sys; from localku.cli.entry import main; main(['ps']);"
        "print({'asyncio', 'aiohttp', 'yaml', 'watchfiles', 'dotenv'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=shop.cwd, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.stdout.endswith("set()\n"), done.stdout + done.stderr
