"""Log sessions: the log at a secret URL, as plain lines and as events, from the past and live."""

from __future__ import annotations

import http.client
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from api_kit import Shop, ask, socket_of
from conftest import Folder
from test_api_schema import SCHEMA, validator

from localku.api.errors import ApiError
from localku.api.log_sessions import UNUSED, LogSession, Sessions
from localku.cli.client import UnixConnection

TALK = """\
talk: i=0; while [ $i -lt 20 ]; do i=$((i+1)); echo talk $i; done; exec sleep 600
echo: exec 3<>pipe; while read -r line <&3; do echo heard $line; done
"""


@pytest.fixture
def shop(folder: Folder) -> Iterator[Shop]:
    os.mkfifo(folder.path / "pipe")
    folder.write("Procfile", TALK)
    running = folder.start()
    running.wait_for(r"app\[talk\.1\]: talk 20$")
    yield Shop(folder, running)


def url(shop: Shop, **wish: object) -> str:
    answer = shop.ask("POST", "/log-sessions", wish)
    assert answer.status == 201
    return urlsplit(answer.value["logplex_url"]).path


class Reader:
    """Somebody who reads that URL."""

    def __init__(self, root: Path, path: str, **headers: str) -> None:
        self.connection = UnixConnection(socket_of(root))
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request("GET", path, headers=shown)
        self.response: http.client.HTTPResponse = self.connection.getresponse()
        assert self.response.status == 200
        self.text = ""

    def read(self) -> str:
        """All of it, to the end."""
        self.text += self.response.read().decode()
        self.close()
        return self.text

    def see(self, pattern: str) -> None:
        """Read until that is there."""
        while not re.search(pattern, self.text, re.M):
            piece = self.response.read1(65536)
            assert piece, f"it ended without {pattern!r}: {self.text}"
            self.text += piece.decode()

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def events(text: str) -> list[tuple[int, str]]:
    return [(int(i), d) for i, d in re.findall(r"id: (\d+)\ndata: (.*)\n\n", text)]


def say(shop: Shop, word: str) -> None:
    with open(shop.root / "pipe", "w") as pipe:
        pipe.write(word + "\n")


@pytest.mark.skipif(not SCHEMA.exists(), reason=f"Heroku's schema is not at {SCHEMA}")
def test_the_answer_is_what_heroku_publishes(shop: Shop) -> None:
    value = shop.ask("POST", "/log-sessions", {}).value
    assert list(validator("log-session").iter_errors(value)) == []


def test_the_last_lines_as_plain_text(shop: Shop) -> None:
    path = url(shop, lines=3, tail=False)
    reader = Reader(shop.root, path)
    assert reader.response.headers["Content-Type"] == "text/plain; charset=utf-8"
    lines = reader.read().splitlines()
    assert len(lines) == 3
    assert all(re.match(r"\S{32} (app|heroku)\[[\w.]+\]: ", line) for line in lines)
    assert Reader(shop.root, path).read().splitlines() == lines  # the URL is good for more


FILTERS: dict[str, tuple[dict[str, Any], str]] = {
    "a dyno": ({"dyno": "talk.1"}, r"\[talk\.1\]: "),
    "a type, as Heroku's CLI sends it": ({"dyno": "talk"}, r"\[talk\.1\]: "),
    "a type": ({"type": "echo"}, r"\[echo\.1\]: "),
    "a source": ({"source": "heroku"}, r" heroku\["),
    "two": ({"source": "app", "dyno": "talk"}, r" app\[talk\.1\]: talk \d+$"),
}


@pytest.mark.parametrize(("wish", "pattern"), FILTERS.values(), ids=FILTERS)
def test_filters(shop: Shop, wish: dict[str, Any], pattern: str) -> None:
    lines = Reader(shop.root, url(shop, lines=1500, **wish)).read().splitlines()
    assert lines
    assert all(re.search(pattern, line) for line in lines), lines


def test_lines_are_counted_before_they_are_filtered(shop: Shop) -> None:
    """As logplex does it (heroku.md 4.1)."""
    say(shop, "last")
    shop.running.wait_for("heard last")
    assert Reader(shop.root, url(shop, lines=1, dyno="talk")).read() == ""


def test_events_end_fast_and_have_ids(shop: Shop) -> None:
    reader = Reader(shop.root, url(shop, lines=1500), Accept="text/event-stream")
    assert reader.response.headers["Content-Type"].startswith("text/event-stream")
    text = reader.read()
    assert text.startswith("retry: 1\n\n")
    found = events(text)
    assert [id for id, _ in found] == sorted({id for id, _ in found})
    assert found[-1][1] in shop.running.lines


def test_a_tail_goes_on_and_comes_back_where_it_was(shop: Shop) -> None:
    path = url(shop, lines=5, tail=True, dyno="echo")
    reader = Reader(shop.root, path, Accept="text/event-stream")
    say(shop, "one")
    reader.see("heard one$")
    assert "retry" not in reader.text
    last = events(reader.text)[-1][0]
    reader.close()
    say(shop, "two")
    again = Reader(shop.root, path, Accept="text/event-stream", Last_Event_ID=str(last))
    say(shop, "three")
    again.see("heard three$")
    assert [data.split(": ")[1] for _, data in events(again.text)] == ["heard two", "heard three"]
    again.close()


def test_a_prompt_is_shown_at_once_in_plain_text(folder: Folder) -> None:
    folder.write("Procfile", "ask: printf 'name? '; exec sleep 600\n")
    running = folder.start("--partial-line", "10ms")
    running.wait_for(r"app\[ask\.1\]: name\? ")
    shop = Shop(folder, running)
    reader = Reader(shop.root, url(shop, tail=True, source="app"))
    reader.see(r"app\[ask\.1\]: name\? $")
    reader.close()


def test_the_end_of_the_platform_ends_a_tail(shop: Shop) -> None:
    reader = Reader(shop.root, url(shop, tail=True))
    reader.see("talk 20")
    shop.running.signal(signal.SIGTERM)
    reader.read()
    assert shop.running.wait() == 143


BAD: dict[str, dict[str, Any]] = {
    "lines": {"lines": "many"},
    "lines below zero": {"lines": -1},
    "lines that are true": {"lines": True},
    "tail": {"tail": "maybe"},
    "dyno": {"dyno": 5},
    "a long source": {"source": "x" * 300},
}


@pytest.mark.parametrize("wish", BAD.values(), ids=BAD)
def test_bad_wishes(shop: Shop, wish: dict[str, Any]) -> None:
    assert shop.ask("POST", "/log-sessions", wish).error == (422, "invalid_params")


def test_a_url_that_there_is_not(shop: Shop) -> None:
    answer = ask(shop.root, "GET", "/localku/log-sessions/nosuch")
    assert answer.error == (404, "not_found")


def test_many_come_and_go_and_nobody_stays(shop: Shop) -> None:
    for _ in range(5):
        reader = Reader(shop.root, url(shop, tail=True))
        reader.see("talk 20")
        reader.close()
    assert len(Reader(shop.root, url(shop, lines=1)).read().splitlines()) == 1


def test_a_url_that_nobody_uses_is_forgotten() -> None:
    def session(now: float) -> LogSession:
        return LogSession(None, 1, False, "", "", "", now)  # type: ignore[arg-type]

    sessions = Sessions()
    old, used = sessions.add(session(0.0)), sessions.add(session(0.0))
    sessions.find(used, UNUSED / 2)
    with pytest.raises(ApiError):
        sessions.find(old, UNUSED + 1)
    sessions.find(used, UNUSED + 1)
    sessions.add(session(2 * UNUSED))
    assert old not in sessions.by_token
    assert used in sessions.by_token
