"""`/oauth` and `/auth`: how clients log in, and that beginning to do so gives nobody the key."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from api_kit import TWO_TYPES, Answer
from conftest import PATIENCE, Folder
from gate_kit import FOREIGN, Door, ask, basic, bearer


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    root = tmp_path_factory.mktemp("login") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    yield Door(root, running)
    running.destroy()


# -- /oauth --------------------------------------------------------------------------------------


def test_who_knows_the_key_as_a_password_gets_it_back(door: Door) -> None:
    path, body = "/oauth/authorizations", {"scope": ["global"], "expires_in": 2592000}
    answer = ask(door.port, "POST", path, body, headers=basic(f"me@example.com:{door.key}"))
    assert answer.status == 201
    assert answer.value["access_token"]["token"] == door.key
    assert answer.value["user"]["email"]


def test_any_other_password_gets_nothing(door: Door) -> None:
    for password in ("", "secret", FOREIGN):
        header = basic(f"me@example.com:{password}")
        answer = ask(door.port, "POST", "/oauth/authorizations", {}, headers=header)
        assert answer.error == (401, "unauthorized")


def test_there_is_one_authorization_and_it_stays(door: Door) -> None:
    [only] = door.ask("GET", "/oauth/authorizations").value
    for word in ("~", only["id"]):
        assert door.ask("GET", f"/oauth/authorizations/{word}").value == only
    assert door.ask("GET", "/oauth/authorizations/x").error == (404, "not_found")
    assert door.ask("DELETE", f"/oauth/authorizations/{only['id']}").error == (403, "forbidden")


def test_a_logout_finds_no_session(door: Door) -> None:
    answer = door.ask("DELETE", "/oauth/sessions/~")
    assert answer.error == (404, "not_found")
    assert answer.value["resource"] == "session"  # what the CLI takes for a yes


# -- /auth ---------------------------------------------------------------------------------------


class Login:
    """A login that has begun: the page for the browser, and the CLI that waits."""

    def __init__(self, door: Door, description: str = "Heroku CLI login from laptop") -> None:
        begun = ask(door.port, "POST", "/auth", {"description": description})
        assert begun.status == 201
        self.door = door
        self.page: str = begun.value["browser_url"]
        self.cli: str = begun.value["cli_url"]
        self.token: str = begun.value["token"]
        assert door.key not in json.dumps(begun.value)

    def show(self) -> tuple[int, str, http.client.HTTPMessage]:
        return self._browse("GET", b"", {})

    def answer(self, key: str, **headers: str) -> tuple[int, str, http.client.HTTPMessage]:
        form = urllib.parse.urlencode({"key": key}).encode()
        sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return self._browse("POST", form, sent)

    def _browse(
        self, method: str, data: bytes, headers: dict[str, str]
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.door.port, timeout=PATIENCE)
        connection.request(method, self.page, data or None, headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text, response.headers

    def wait(self, token: str = "") -> Answer:
        return ask(self.door.port, "GET", self.cli, headers=bearer(token or self.token))


def test_the_key_on_the_page_lets_the_cli_in(door: Door) -> None:
    login = Login(door)
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(login.wait().value))
    waiting.start()
    status, page, headers = login.show()
    assert status == 200
    assert "Heroku CLI login from laptop" in page
    assert door.key not in page
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert login.answer(f" {door.key}\n", Origin=f"http://127.0.0.1:{door.port}")[0] == 200
    waiting.join(PATIENCE)
    assert found == [{"access_token": door.key}]
    assert login.wait().error == (404, "not_found")  # once


def test_another_key_does_not(door: Door) -> None:
    login = Login(door)
    for wrong in ("", "x", FOREIGN):
        status, page, _ = login.answer(wrong)
        assert status == 403
        assert "not the key" in page
    assert login.answer(door.key)[0] == 200
    assert login.wait().value == {"access_token": door.key}


def test_who_does_not_hold_the_token_waits_for_nothing(door: Door) -> None:
    login = Login(door)
    assert login.answer(door.key)[0] == 200
    assert login.wait("x").error == (401, "unauthorized")
    assert login.wait(door.key).error == (401, "unauthorized")
    assert login.wait().status == 200


def test_another_page_cannot_answer(door: Door) -> None:
    login = Login(door)
    assert login.answer(door.key, Origin="http://evil.com")[0] == 403
    assert login.answer(door.key, Host="evil.com")[0] == 403


def test_what_a_program_says_of_itself_is_text(door: Door) -> None:
    page = Login(door, "<script>alert(1)</script>" + "x" * 1000).show()[1]
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "x" * 300 not in page


def test_pages_that_nobody_answers_make_room(door: Door) -> None:
    first = Login(door)
    for _ in range(100):
        Login(door)
    assert first.wait().error == (404, "not_found")


def test_a_page_that_there_is_not(door: Door) -> None:
    for path in ("/auth/browser/x", "/auth/cli/x"):
        assert ask(door.port, "GET", path).error == (404, "not_found")


def test_buildpacks_are_asked_for_without_a_key(door: Door) -> None:
    answer = ask(door.port, "GET", "/buildpacks/heroku%2Fpython")
    assert answer.error == (404, "not_found")
