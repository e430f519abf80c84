"""What is set while the app runs outlives localku, by the installed command and over the API."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Folder, Running

from localku.cli.client import UnixConnection

SHOW = 'web: echo "A=$A B=$B"; exec python3 -m http.server --bind 127.0.0.1 $PORT\n'


def ask(root: Path, method: str, path: str, body: object = None) -> Any:
    connection = UnixConnection(str(root / ".localku" / "api.sock"))
    try:
        connection.request(method, "/apps/shop" + path, json.dumps(body) if body else None)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@pytest.fixture
def shop(folder: Folder) -> Iterator[Folder]:
    folder.write("Procfile", SHOW)
    folder.write(".env", "A=1\n")
    yield folder


def started(folder: Folder, *argv: str) -> Running:
    running = folder.start(*argv)
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up")
    running.wait_for("Running web@")
    return running


def stopped(running: Running) -> None:
    running.signal(signal.SIGTERM)
    running.wait()


def versions(folder: Folder) -> list[tuple[int, str]]:
    return [(each["version"], each["description"]) for each in ask(folder.path, "GET", "/releases")]


def test_config_vars_and_formation_are_there_at_the_next_start(shop: Folder) -> None:
    first = started(shop)
    first.wait_for(r"app\[web\.1\]: A=1 B=$")
    ask(shop.path, "PATCH", "/config-vars", {"B": "x y"})
    first.wait_for(r"app\[web\.1\]: A=1 B=x y$")
    first.wait_for(r"heroku\[web\.1\]: State changed from starting to up", count=2)
    ask(shop.path, "PATCH", "/formation/web", {"quantity": 2})
    first.wait_for(r"heroku\[web\.2\]: State changed from starting to up")
    stopped(first)
    again = started(shop)
    again.wait_for(r"app\[web\.2\]: A=1 B=x y$")
    again.wait_for(r"Running web@2:Standard-1X")
    assert ask(shop.path, "GET", "/config-vars") == {"A": "1", "B": "x y"}
    # nothing was released by a mere start
    assert versions(shop) == [
        (1, "Initial release"),
        (2, "Set A config vars, Deploy live folder"),
        (3, "Set B config vars"),
    ]
    assert [each["release"]["version"] for each in ask(shop.path, "GET", "/dynos")] == [3, 3]


def test_what_the_command_line_says_counts_at_the_start(shop: Folder) -> None:
    first = started(shop, "-m", "web=1")
    ask(shop.path, "PATCH", "/formation/web", {"quantity": 0})
    stopped(first)
    plain = shop.start()
    plain.wait_for("Running web@0")  # nobody said otherwise
    stopped(plain)
    again = started(shop, "-m", "web=1")  # the same flag as at the first start
    again.wait_for("Running web@1")


def test_a_file_that_was_changed_later_counts(shop: Folder) -> None:
    first = started(shop)
    ask(shop.path, "PATCH", "/config-vars", {"A": "set", "B": "set"})
    stopped(first)
    shop.write(".env", "A=file\n")
    again = started(shop, "-m", "web=1")
    again.wait_for(r"app\[web\.1\]: A=file B=set$")
    assert versions(shop)[-1] == (4, "Set A config vars")


def test_a_kill_loses_nothing_that_was_answered(shop: Folder) -> None:
    first = started(shop)
    for number in range(10):
        ask(shop.path, "PATCH", "/config-vars", {"B": str(number)})
    first.proc.kill()
    first.wait()
    started(shop)
    assert ask(shop.path, "GET", "/config-vars") == {"A": "1", "B": "9"}
    assert versions(shop)[-1] == (12, "Set B config vars")


def test_a_rollback_is_a_new_release_with_the_old_config(shop: Folder) -> None:
    running = started(shop)
    ask(shop.path, "PATCH", "/config-vars", {"A": None, "B": "2"})
    running.wait_for(r"app\[web\.1\]: A= B=2$")
    release = ask(shop.path, "POST", "/releases", {"release": "v2"})
    assert (release["version"], release["description"]) == (4, "Rollback to v2")
    running.wait_for(r"app\[api\]: Rollback to v2 by user ")
    running.wait_for(r"app\[api\]: Release v4 created by user ")
    running.wait_for(r"app\[web\.1\]: A=1 B=$", count=2)
    assert ask(shop.path, "GET", "/config-vars") == {"A": "1"}
    assert ask(shop.path, "GET", "/releases/3/config-vars") == {"B": "2"}
    current = [each["version"] for each in ask(shop.path, "GET", "/releases") if each["current"]]
    assert current == [4]


def test_a_changed_file_is_merged_while_it_runs(shop: Folder) -> None:
    running = started(shop, "--watch")
    running.wait_for("Watching files")
    ask(shop.path, "PATCH", "/config-vars", {"B": "set"})
    running.wait_for(r"app\[web\.1\]: A=1 B=set$")
    shop.write(".env", "A=2\n")
    running.wait_for(r"app\[api\]: Set A config vars by user ")
    running.wait_for(r"app\[web\.1\]: A=2 B=set$")
    running.wait_for(r"app\[api\]: Release v4 created by user ")


def test_secrets_that_were_made_up_stay(shop: Folder) -> None:
    shop.write("app.json", '{"env": {"SECRET": {"generator": "secret"}}}')
    first = started(shop)
    secret = ask(shop.path, "GET", "/config-vars")["SECRET"]
    assert len(secret) == 64
    stopped(first)
    started(shop)
    assert ask(shop.path, "GET", "/config-vars")["SECRET"] == secret
    assert len(versions(shop)) == 2


def test_preboot_overlaps_the_old_run_and_the_new_one(shop: Folder) -> None:
    running = started(shop)
    assert ask(shop.path, "PATCH", "/features/preboot", {"enabled": True})["enabled"]
    assert "Restarting" not in running.text
    before = len(running.text)
    ask(shop.path, "PATCH", "/config-vars", {"B": "2"})
    running.wait_for(r"heroku\[web\.1\]: Process exited with status 143")
    lines = [line.partition(" ")[2] for line in running.text[before:].splitlines()]
    up = lines.index("heroku[web.1]: State changed from starting to up")
    old_ends = lines.index("heroku[web.1]: Stopping all processes with SIGTERM")
    assert up < old_ends
    assert [each["name"] for each in ask(shop.path, "GET", "/dynos")] == ["web.1"]


def test_no_request_is_lost_while_preboot_replaces_a_dyno(shop: Folder) -> None:
    running = started(shop)
    ask(shop.path, "PATCH", "/features/preboot", {"enabled": True})
    loop = subprocess.Popen(
        [sys.executable, "-c", LOOP % running.port],
        env=shop.environ(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for number in range(3):
            ask(shop.path, "PATCH", "/config-vars", {"B": str(number)})
            running.wait_for(r"heroku\[web\.1\]: Process exited with status 143", count=number + 1)
    finally:
        loop.send_signal(signal.SIGTERM)
        answers, _ = loop.communicate()
    assert set(answers.split()) == {"200"}


LOOP = """
import signal, sys, urllib.request
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
while not stop:
    print(urllib.request.urlopen('http://127.0.0.1:%d/').status, flush=True)
"""


def test_metadata_tells_the_dynos_their_release(shop: Folder) -> None:
    shop.write("Procfile", "worker: env | grep HEROKU_ | sort; exec sleep 600\n")
    running = shop.start()
    running.wait_for("Running worker@1")
    ask(shop.path, "PATCH", "/features/runtime-dyno-metadata", {"enabled": True})
    running.wait_for(r"app\[worker\.1\]: HEROKU_RELEASE_VERSION=v2$")
    running.wait_for(r"app\[worker\.1\]: HEROKU_APP_NAME=shop$")
    stopped(running)
    again = shop.start()
    again.wait_for(r"app\[worker\.1\]: HEROKU_RELEASE_VERSION=v2$")


def test_a_state_that_cannot_be_used_is_one_clear_line(shop: Folder) -> None:
    (shop.path / ".localku").mkdir()
    shop.write(".localku/state.db", "no database " * 50)
    status, text = shop.fails("start", "-p", "0")
    assert status == 1
    assert "state.db: the state cannot be used: file is not a database" in text


def test_the_state_is_nobody_elses(shop: Folder) -> None:
    started(shop)
    modes = {path.name: path.stat().st_mode & 0o077 for path in (shop.path / ".localku").iterdir()}
    assert set(modes.values()) == {0}
    assert (shop.path / ".localku").stat().st_mode & 0o077 == 0
