"""`heroku login`, unmodified, with a terminal: by key as the password, and through the browser."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator

import pytest
from api_kit import TWO_TYPES
from conftest import Folder
from heroku_kit import FOUND, PATIENCE, Person, needs_all, needs_heroku

pytestmark = [needs_heroku, pytest.mark.timeout(300)]
COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(scope="module")
def root_of_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    root = tmp_path_factory.mktemp("login") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    _ = running.port
    yield folder
    running.destroy()


@pytest.fixture
def person(root_of_shop: Folder, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody who has not logged in yet."""
    it = Person(root_of_shop.path, tmp_path_factory.mktemp("home"))
    # no browser is opened: `open` runs xdg-open, which is this here
    bin = it.home / "bin"
    bin.mkdir()
    (bin / "xdg-open").write_text("#!/bin/sh\nexit 0\n")
    (bin / "xdg-open").chmod(0o755)
    it.env["PATH"] = f"{bin}:{it.env['PATH']}"
    return it


class Session:
    """`heroku login` at a terminal of ours."""

    def __init__(self, person: Person, *argv: str) -> None:
        self.screen = ""
        self.master, slave = pty.openpty()
        self.proc = subprocess.Popen(
            [FOUND, *argv],
            cwd=person.root,
            env=person.surroundings(keyed=False),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def see(self, pattern: str) -> re.Match[str]:
        """Wait until the screen shows it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.screen)):
            assert time.monotonic() < deadline, f"no {pattern!r} on {self.screen!r}"
            assert self._read(), f"it ended without {pattern!r}: {self.screen!r}"
        return found

    def _read(self) -> bool:
        if not select.select([self.master], [], [], 0.1)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: it has ended
            return False
        self.screen += COLOURS.sub("", data.decode("utf-8", "replace"))
        return bool(data)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def end(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while self._read():
            assert time.monotonic() < deadline, f"it does not end: {self.screen!r}"
        return self.proc.wait(PATIENCE)

    def close(self) -> None:
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait(PATIENCE)
        os.close(self.master)


@pytest.fixture
def session(person: Person) -> Iterator[list[Session]]:
    opened: list[Session] = []
    yield opened
    for each in opened:
        each.close()


def interactive(person: Person, password: str) -> Session:
    it = Session(person, "login", "-i")
    it.see("Email")
    it.type("you@localhost\r")
    it.see("Password")
    it.type(password + "\r")
    return it


def is_logged_in(person: Person) -> bool:
    return person.heroku("whoami", keyed=False).out.strip() == "you@localhost"


@needs_all
def test_the_key_is_the_password(person: Person, session: list[Session]) -> None:
    session.append(interactive(person, person.key))
    session[0].see("Logged in as you@localhost")
    assert session[0].end() == 0
    assert person.key not in session[0].screen
    assert is_logged_in(person)


@needs_all
def test_another_password_is_refused(person: Person, session: list[Session]) -> None:
    session.append(interactive(person, "secret"))
    session[0].see("Invalid credentials provided")
    assert session[0].end() != 0
    assert not is_logged_in(person)


@needs_all
def test_the_browser(person: Person, session: list[Session]) -> None:
    session.append(Session(person, "login"))
    session[0].see("Press any key")
    session[0].type("x")
    page = session[0].see(r"(http://127\.0\.0\.1:\d+/auth/browser/[\w-]+)\s")[1]
    session[0].see("Waiting for login")
    form = urllib.parse.urlencode({"key": person.key}).encode()
    assert urllib.request.urlopen(page, form, timeout=PATIENCE).status == 200
    session[0].see("Logged in as you@localhost")
    assert session[0].end() == 0
    assert is_logged_in(person)
    assert person.heroku("logout", keyed=False).status == 0
    assert not is_logged_in(person)
