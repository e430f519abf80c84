"""Heroku's own `heroku logs`, with each of its flags, at an app that runs here."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator

import pytest
from conftest import Folder
from heroku_kit import FOUND, PATIENCE, Person, needs_all, needs_heroku

pytestmark = [needs_heroku, pytest.mark.timeout(150)]

APP = """\
web: exec python3 -m http.server --bind 127.0.0.1 $PORT
talk: i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo talk $i; done; exec sleep 600
"""


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    root = tmp_path_factory.mktemp("heroku") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", APP)
    running = folder.start()
    running.wait_for("talk 300$")
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
    yield Person(root, tmp_path_factory.mktemp("home"))
    running.destroy()


# flags -> what each line is, and how many there are at most
ALWAYS = {"-n 1500 -s app -p talk": (r"app\[talk\.1\]: ", 300)}
ALL = {
    "": (r"(app|heroku)\[", 100),
    "-n 7": (r"(app|heroku)\[", 7),
    "--num 1500 --process-type web": (r"\w+\[web\.1\]: ", 10),
    "--num=1500 --ps talk": (r"\w+\[talk\.1\]: ", 310),
    "-n 1500 -d talk.1": (r"\w+\[talk\.1\]: ", 310),
    "-n 1500 --dyno-name web.1 --source heroku": (r"heroku\[web\.1\]: ", 10),
    "-n 1500 --source app": (r"app\[", 320),
    "-n 1500 --dyno talk.1 -s app": (r"app\[talk\.1\]: ", 300),
}


def check(person: Person, flags: str, pattern: str, most: int) -> None:
    result = person.heroku("logs", *shlex.split(flags))
    assert result.status == 0, result.text
    lines = result.out.splitlines()
    assert 0 < len(lines) <= most
    assert all(re.match(rf"\S{{32}} {pattern}", line) for line in lines), lines


@pytest.mark.parametrize(("flags", "wanted"), ALWAYS.items(), ids=ALWAYS)
def test_flags(person: Person, flags: str, wanted: tuple[str, int]) -> None:
    check(person, flags, *wanted)


@needs_all
@pytest.mark.parametrize(("flags", "wanted"), ALL.items(), ids=[flags or "none" for flags in ALL])
def test_all_flags(person: Person, flags: str, wanted: tuple[str, int]) -> None:
    check(person, flags, *wanted)


def test_a_tail_with_filters_goes_on(person: Person) -> None:
    tail = subprocess.Popen(
        [FOUND, "logs", "-t", "-n", "1500", "-s", "app", "-p", "web"], cwd=person.root,
        env=person.surroundings(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    assert tail.stdout is not None
    try:
        first = tail.stdout.readline()  # the server's own first line: the tail is there
        assert re.match(rb"\S{32} app\[web\.1\]: Serving HTTP", first)
        env = person.surroundings()
        port = re.search(r"(?m)^port=(\d+)$", (person.root / ".localku/platform").read_text())
        assert port is not None
        url = f"http://127.0.0.1:{port[1]}/in-the-tail"
        subprocess.run(["curl", "-s", "-o", os.devnull, url], env=env, check=True, timeout=PATIENCE)
        assert any(b"/in-the-tail" in tail.stdout.readline() for _ in range(2))
    finally:
        os.killpg(tail.pid, signal.SIGINT)
        tail.wait(PATIENCE)
        tail.stdout.close()
