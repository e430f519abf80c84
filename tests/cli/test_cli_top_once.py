"""`localku top --once`, `--json`, and in a pipe."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until
from glass_kit import APP


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("once") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("app.py", APP)
    folder.write("Procfile", "web: exec python3 app.py\n")
    running = folder.start("--memory", "256MB")
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up")
    for path in ("/", "/", "/error"):
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Host": "localhost"})
        connection.getresponse().read()
        connection.close()
    wait_until(lambda: "path=/error" in running.text, "all are answered")
    yield running
    running.destroy()


def look(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(running.cli("top", "--json").stdout)
    return found


def test_once_prints_a_table_and_ends(running: Running) -> None:
    done = running.cli("top", "--once")
    assert (done.returncode, done.stderr) == (0, "")
    name, traffic, trouble, _, head, web1, *rest = done.stdout.splitlines()
    assert name.startswith("⬢ shop v2   1 of 1 dyno up")
    assert " req/s  2xx " in traffic
    assert trouble == "no errors in the last minute"
    cells = dict(zip(head.split(), web1.split(), strict=True))
    assert (cells["dyno"], cells["state"], cells["restarts"]) == ("web.1", "up", "0")
    assert cells["memory"].endswith("M/256M")
    assert "\x1b" not in done.stdout


def test_a_pipe_gets_the_same(running: Running) -> None:
    done = running.cli("top")
    assert done.returncode == 0
    assert done.stdout.splitlines()[4].split()[:3] == ["dyno", "state", "up"]


def test_json_is_one_object(running: Running) -> None:
    found = look(running)
    wait_until(lambda: found.update(look(running)) or found["custom"], "that second is over")
    assert (found["app"], found["release"], found["maintenance"]) == ("shop", 2, False)
    (web1,) = found["dynos"]
    assert (web1["name"], web1["state"], web1["errors"]) == ("web.1", "up", 1)
    assert web1["memory"] > 1 << 20
    assert web1["quota"] == 256 << 20
    assert found["custom"]["signup"] == {
        "type": "count", "unit": "", "heard": found["custom"]["signup"]["heard"], "sum": 6.0,
    }  # fmt: skip
    assert found["custom"]["db.query"]["p95"] == 3
    assert found["custom"]["queue"]["last"] == 17


def test_another_folder_has_no_platform(folder: Folder) -> None:
    status, said = folder.fails("top", "--once")
    assert status == 1
    assert said.startswith(
        "localku: no app of this folder is running (start it with `localku start`"
    )


def test_a_bad_flag(folder: Folder) -> None:
    status, said = folder.fails("top", "--often")
    assert status == 2
    assert "see `localku help top`" in said


@pytest.mark.parametrize("flag", ["--once", "--json"])
def test_textual_is_for_the_screen_alone(running: Running, flag: str) -> None:
    script = (
        f"import sys; from localku.cli.entry import main; main(['top', '{flag}']);"
        "print({'textual', 'rich', 'aiohttp', 'psutil'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=running.cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout.endswith("set()\n"), done.stdout + done.stderr


def test_the_end_of_the_reader_is_quiet(running: Running) -> None:
    done = subprocess.run(
        f"{LOCALKU} top --json | head -1",
        cwd=running.cwd,
        shell=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == (b"{\n", b"")
