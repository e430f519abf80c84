"""`localku ps` and its kin: what is printed (tables), and from a second terminal for real."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

from localku.cli import client, ps
from localku.errors import UserError
from localku.manifest.formation import parse_change

NOON = datetime(2024, 1, 31, 13, 0, 0, tzinfo=timezone.utc)
CEST = timezone(timedelta(hours=2))
MOMENT = r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d [+-]\d{4} \(~ \d+s ago\)"

# -- rendering -----------------------------------------------------------------------------------

AGO = {
    "now": (NOON, "2024/01/31 13:00:00 +0000 (~ 0s ago)"),
    "59 s": (NOON - timedelta(seconds=59), "2024/01/31 12:59:01 +0000 (~ 59s ago)"),
    "a minute": (NOON - timedelta(seconds=60), "2024/01/31 12:59:00 +0000 (~ 1m ago)"),
    "59 min": (NOON - timedelta(seconds=3599), "2024/01/31 12:00:01 +0000 (~ 59m ago)"),
    "an hour": (NOON - timedelta(hours=1), "2024/01/31 12:00:00 +0000 (~ 1h ago)"),
    "24 h": (NOON - timedelta(seconds=89999), "2024/01/30 12:00:01 +0000 (~ 24h ago)"),
    "25 h": (NOON - timedelta(hours=25), "2024/01/30 12:00:00 +0000"),
    "a clock that went back": (NOON + timedelta(seconds=5), "2024/01/31 13:00:05 +0000 (~ 0s ago)"),
}


@pytest.mark.parametrize(("then", "text"), AGO.values(), ids=AGO)
def test_since_when(then: datetime, text: str) -> None:
    assert ps.ago(then.strftime("%Y-%m-%dT%H:%M:%SZ"), NOON) == text


def test_since_when_in_another_time_zone() -> None:
    shown = ps.ago("2024-01-31T12:00:00Z", NOON.astimezone(CEST))
    assert shown == "2024/01/31 14:00:00 +0200 (~ 1h ago)"


def dyno(name: str, command: str, state: str = "up", size: str = "Standard-1X") -> dict[str, Any]:
    moment = "2024-01-31T12:00:00Z"
    kind = name.partition(".")[0]
    return {
        "name": name,
        "type": kind,
        "command": command,
        "state": state,
        "size": size,
        "updated_at": moment,
    }


SINCE = "2024/01/31 12:00:00 +0000 (~ 1h ago)"
LISTS = {
    "none": ([], []),
    "one": (
        [dyno("web.1", "npm start")],
        ["=== web (Standard-1X): npm start (1)", "", f"web.1: up {SINCE}", ""],
    ),
    "two types": (
        [dyno("web.1", "a", "crashed"), dyno("web.2", "a", "starting"), dyno("worker.1", "b")],
        [
            "=== web (Standard-1X): a (2)",
            "",
            f"web.1: crashed {SINCE}",
            f"web.2: starting {SINCE}",
            "",
            "=== worker (Standard-1X): b (1)",
            "",
            f"worker.1: up {SINCE}",
            "",
        ],
    ),
    "one-off dynos come first": (
        [dyno("web.1", "a", size="Eco"), dyno("run.1", "bash", size="Eco")],
        [
            "=== run: one-off processes (1)",
            "",
            f"run.1 (Eco): up {SINCE}: bash",
            "",
            "=== web (Eco): a (1)",
            "",
            f"web.1: up {SINCE}",
            "",
        ],
    ),
    "two commands of one type": (
        [dyno("web.1", "old"), dyno("web.2", "new")],
        [
            "=== web (Standard-1X): old (1)",
            "",
            f"web.1: up {SINCE}",
            "",
            "=== web (Standard-1X): new (1)",
            "",
            f"web.2: up {SINCE}",
            "",
        ],
    ),
}


@pytest.mark.parametrize(("dynos", "lines"), LISTS.values(), ids=LISTS)
def test_a_list_of_dynos(dynos: list[dict[str, Any]], lines: list[str]) -> None:
    assert ps.render(dynos, NOON) == lines


UPDATES = {
    "web=3": {"type": "web", "quantity": "3"},
    "web+1": {"type": "web", "quantity": "+1"},
    "web-2": {"type": "web", "quantity": "-2"},
    "web=+1": {"type": "web", "quantity": "+1"},
    "web=3:standard-1x": {"type": "web", "quantity": "3", "size": "standard-1x"},
}


@pytest.mark.parametrize(("text", "update"), UPDATES.items(), ids=UPDATES)
def test_a_change_is_sent_as_herokus_cli_sends_it(text: str, update: dict[str, str]) -> None:
    assert ps.as_update(parse_change(text)) == update


ANSWERS = {
    "an error object": (404, b'{"id": "x", "message": "Not there."}', "Not there"),
    "no JSON": (500, b"<html>", "status 500"),
    "nothing": (500, b"", "status 500"),
    "no message": (422, b'{"message": 5}', "status 422"),
    "no JSON though fine": (200, b"<html>", "no JSON"),
}


@pytest.mark.parametrize(("status", "text", "message"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_an_error(status: int, text: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        client.read_answer(status, text)


# -- from a second terminal ----------------------------------------------------------------------


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
    assert shop.cli("ps", "worker").stdout == shop.cli("ps").stdout
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
    "another size": (["ps:scale", "worker=1:eco"], 1, "No such dyno size as 'eco'"),
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


# -- finding the platform ------------------------------------------------------------------------


def localku(cwd: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LOCALKU, *argv], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, **env},
    )  # fmt: skip


NOBODY = (
    "localku: no app of this folder is running "
    "(start it with `localku start`, or name its folder with --root)\n"
)


def test_no_platform_says_what_to_do(tmp_path: Path) -> None:
    for command in ("ps", "ps:scale", "ps:restart"):
        done = localku(tmp_path, command)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", NOBODY)


def test_a_platform_that_was_killed_is_no_platform(shop: Running) -> None:
    shop.signal(signal.SIGKILL)
    shop.wait()
    done = shop.cli("ps")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NOBODY)


def test_the_platform_is_found_from_below_and_from_elsewhere(shop: Running, tmp_path: Path) -> None:
    below = shop.cwd / "a" / "b"
    below.mkdir(parents=True)
    wanted = shop.cli("ps:scale").stdout
    assert localku(below, "ps:scale").stdout == wanted
    assert localku(tmp_path, "ps:scale", "--root", "shop").stdout == wanted
    assert localku(tmp_path, "ps:scale", LOCALKU_ROOT=str(shop.cwd)).stdout == wanted


def test_a_platform_that_ends_in_mid_answer_is_said(tmp_path: Path) -> None:
    state = tmp_path / ".localku"
    state.mkdir()
    path = state / "api.sock"
    (state / "platform").write_text(f"app=shop\nport=1\npid=1\nsocket={path}\n")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)

        def answer() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        done = localku(tmp_path, "ps")
        thread.join(PATIENCE)
    assert done.returncode == 1
    assert done.stderr.startswith("localku: the platform went away")
    assert len(done.stderr.splitlines()) == 1


def test_ps_on_a_terminal_without_the_letters(shop: Running) -> None:
    shop.cli("ps:scale", "worker=0")
    done = localku(shop.cwd, "ps", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "No dynos on \\u2b22 shop\n")


def test_ps_feels_instant(shop: Running) -> None:
    """50 ms on an idle machine. This one may be busy: the best of ten, and the processor's time."""
    shop.cli("ps")  # the first request has the platform import its server
    before = processor_time()
    best = PATIENCE
    for _ in range(10):
        began = time.monotonic()
        assert shop.cli("ps").returncode == 0
        best = min(best, time.monotonic() - began)
    assert (processor_time() - before) / 10 < 0.1
    assert best < 0.2


def processor_time() -> float:
    """Seconds that the processes we waited for have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
