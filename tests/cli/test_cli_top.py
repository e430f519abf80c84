"""`localku top` at a real terminal, on a real platform: what it shows, and what its keys do."""

from __future__ import annotations

import http.client
import os
import re
import signal
from collections.abc import Iterator

import pytest
from conftest import PATIENCE, Folder, Running
from glass_kit import APP, PROCFILE, Glass

HEAD = r"^⬢ shop v\d+   \d+ of \d+ dynos? up"


class Shop:
    """A running app, and the terminals at which it is looked at."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.glasses: list[Glass] = []
        folder.write("app.py", APP)
        folder.write("Procfile", PROCFILE)
        self.running = self.start()

    def start(self) -> Running:
        running = self.folder.start("-m", "web=2,worker=1,clock=0", "--memory", "256MB")
        running.wait_for(r"heroku\[web\.1\]: State changed from starting to up")
        running.wait_for(r"heroku\[web\.2\]: State changed from starting to up")
        return running

    def look(self, rows: int = 24, columns: int = 80, **env: str) -> Glass:
        glass = Glass(self.folder.path, rows=rows, columns=columns, **env)
        self.glasses.append(glass)
        glass.shows(HEAD)
        glass.shows(r"^web\.1 +up .*M/256M")
        return glass

    def ask(self, path: str = "/") -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Host": "localhost"})
        connection.getresponse().read()
        connection.close()

    def states(self) -> list[str]:
        return [line for line in self.running.cli("ps").stdout.splitlines() if ": " in line]

    def leave(self) -> None:
        """All go home."""
        for glass in self.glasses:
            glass.close()
        self.glasses.clear()


@pytest.fixture
def shop(folder: Folder) -> Iterator[Shop]:
    it = Shop(folder)
    yield it
    it.leave()


@pytest.fixture(scope="module")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("quiet") / "shop"
    root.mkdir()
    folder = Folder(root)
    yield Shop(folder)
    for running in folder.started:
        running.destroy()


@pytest.fixture
def quiet(running_shop: Shop) -> Iterator[Shop]:
    """A shop that several tests look at, and leave as it is."""
    yield running_shop
    running_shop.leave()


def test_what_happens_is_seen(shop: Shop) -> None:
    glass = shop.look()
    text = glass.text
    assert "shop.localhost" in text
    assert "no errors in the last minute" in text
    assert re.search(r"^worker\.1 +up ", text, re.MULTILINE)
    assert re.search(r"^clock +no dynos", text, re.MULTILINE)
    assert text.splitlines()[-1].startswith("s scale r restart R all x stop")
    for _ in range(30):
        shop.ask()
    shop.ask("/error")
    glass.shows(r"^ +3\.1 req/s +2xx 3\.0 .*5xx 0\.1 +p50 \S*ms +p95 \S*ms +p99 \S*ms")
    glass.shows(r"^web\.[12] +up +\S+ +1\.\d +\d +\S*ms +\S*ms +1 .*[▁▂▃▄▅▆▇█]")
    glass.shows(r"^db\.query +×31 +p50 3ms +p95 3ms +p99 3ms")
    glass.shows(r"^signup +\+62 ")
    glass.shows(r"^queue +17 ")
    shop.ask("/crash")
    glass.shows(r"^H13 ×1  in the last minute")
    glass.shows(r"web\.\d +crash +State changed from up to crashed")
    glass.shows(r"web\.\d +H13 +Connection closed without response")


def test_scaling(shop: Shop) -> None:
    glass = shop.look()
    glass.type("s")
    glass.shows(r"^Scale to, as web=3 \(\+1, -1 or 3 for web\):")
    glass.type("web=1 clock=1\r")
    glass.shows(r"^Scaled web to 1, clock to 1$")
    glass.shows(r"^clock\.1 +up ")
    glass.shows(r"^web\.2", gone=True)
    glass.type("+")
    glass.shows(r"^Scaled web to 2$")
    glass.shows(r"^web\.2 +up ")
    glass.type("s")
    glass.shows(r"^Scale to")
    glass.type("nosuch=2\r")
    glass.shows(r"^no process type nosuch in the Procfile \(the Procfile has: web, worker, clock\)")
    glass.type("s")
    glass.shows(r"^Scale to")
    glass.type("\x1b")
    glass.shows(r"^Scale to", gone=True)
    glass.type("q")
    assert glass.end() == 0


def test_restart_and_stop(shop: Shop) -> None:
    glass = shop.look(columns=120)
    glass.type("\x1b[B")  # down, to web.2
    glass.type("r")
    shop.running.wait_for(r"heroku\[web\.2\]: Restarting")
    glass.shows(r"^Restarted web\.2$")
    glass.shows(r"web\.2 +restart +Restarting")
    shop.running.wait_for(r"heroku\[web\.2\]: State changed from starting to up", count=2)
    glass.type("j")
    glass.type("x")
    glass.shows(r"^Stopped worker\.1; it starts again by itself")
    shop.running.wait_for(r"heroku\[worker\.1\]: State changed from starting to up", count=2)
    glass.type("R")
    glass.shows(r"^Restart all 3 dynos\? y or n:")
    glass.type("n")
    glass.shows(r"^Restart all", gone=True)
    glass.type("R")
    glass.shows(r"^Restart all 3 dynos\? y or n:")
    glass.type("y")
    glass.shows(r"^Restarted all dynos")
    shop.running.wait_for(r"heroku\[web\.1\]: State changed from starting to up", count=2)
    assert shop.running.text.count("heroku[web.1]: Starting process") == 2
    assert shop.running.text.count("heroku[worker.1]: Starting process") == 3


def test_maintenance_and_a_screen_that_is_held_still(quiet: Shop) -> None:
    glass, other = quiet.look(), quiet.look()
    glass.type("p")
    glass.shows(r"⬢ shop .* PAUSED ")
    other.type("m")
    other.shows(r"^⬢ shop .* MAINTENANCE ")
    other.shows(r"^Maintenance mode is on")
    assert "on" in quiet.running.cli("maintenance").stdout
    assert "MAINTENANCE" not in glass.text
    glass.type("p")
    glass.shows(r"^⬢ shop .* MAINTENANCE ")
    other.type("m")
    glass.shows(r"MAINTENANCE", gone=True)


def test_the_log_its_filter_and_its_escapes(shop: Shop) -> None:
    shop.ask("/before")
    glass = shop.look(rows=30, columns=160)
    glass.type("l")
    glass.shows(r"app\[web\.\d\]: at=info .*/before")
    shop.ask("/evil")
    glass.shows(r"app\[web\.\d\]: evil ␛\]0;pwned␇␛\[2Jred$")
    assert b"\x1b]0;pwned" not in glass.screen
    glass.type("/")
    glass.shows(r"^Only lines with:")
    glass.type("router -evil\r")
    glass.shows(r"^log  only router -evil  \d+ of \d+ lines")
    glass.shows(r"app\[web", gone=True)
    shop.ask("/after")
    glass.shows(r'heroku\[router\]: at=info method=GET path="/after"')
    assert "evil ␛" not in glass.text
    glass.type("l")
    glass.shows(r"^log", gone=True)


def test_the_help_and_the_panes(quiet: Shop) -> None:
    glass = quiet.look()
    glass.type("?")
    glass.shows(r"x  stop the selected dyno; it starts again by itself")
    glass.type("q")  # closes the help, and no more
    glass.shows(HEAD)
    glass.type("\t\t\t")  # events, and round to the dynos
    glass.type("q")
    assert glass.end() == 0
    assert glass.is_restored()


def test_it_fits_any_size_and_follows_it(quiet: Shop) -> None:
    glass = quiet.look()
    assert not re.search("pid|restarts", glass.text.splitlines()[3])
    glass.resize(50, 160)
    glass.shows(r"^dyno +state +up +pid +req/s +busy +p50 +p95 +p99 +errs +load +memory +restarts")
    glass.shows(r"^s scale  r restart  R all  x stop[^\n]*\Z")  # in the last row
    glass.resize(10, 40)
    glass.shows(r"^dyno +state +up +req/s +memory")
    glass.resize(3, 12)
    glass.shows(r"^⬢ shop")
    glass.resize(24, 80)
    glass.shows(r"^worker\.1 +up ")
    assert glass.proc.poll() is None


def test_no_color(quiet: Shop) -> None:
    colour = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8)(?:;\d+)*m")
    coloured = quiet.look()
    plain = quiet.look(NO_COLOR="1")
    assert colour.search(coloured.screen)
    assert not colour.search(plain.screen)
    empty = quiet.look(NO_COLOR="")
    assert colour.search(empty.screen)


ENDS = {"q": ("q", 0), "Ctrl-C": ("\x03", 130)}


@pytest.mark.parametrize("key", ENDS)
def test_it_ends_at_once_and_restores_the_terminal(quiet: Shop, key: str) -> None:
    glass = quiet.look()
    typed, status = ENDS[key]
    glass.type(typed)
    assert glass.end() == status
    assert glass.is_restored()
    assert b"\x1b[?1049l" in glass.screen  # the main screen
    assert b"\x1b[?25h" in glass.screen  # the cursor
    assert b"Traceback" not in glass.screen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=str)
def test_a_signal_ends_it_and_restores_the_terminal(quiet: Shop, number: int) -> None:
    glass = quiet.look()
    glass.proc.send_signal(number)
    assert glass.end() == 128 + number
    assert glass.is_restored()
    assert b"\x1b[?1049l" in glass.screen


def test_a_closed_window_ends_it(quiet: Shop) -> None:
    glass = quiet.look()
    os.close(glass.master)
    glass.master = os.open(os.devnull, os.O_RDWR)
    glass.proc.wait(PATIENCE)


def test_it_waits_for_a_platform_that_is_started_again(shop: Shop) -> None:
    glass = shop.look()
    shop.running.signal(signal.SIGINT)
    glass.shows(r"^⬢ shop .* NO PLATFORM ")
    glass.shows(r"Waiting for it to come back")
    shop.running.wait()
    glass.type("r")  # steering says why it cannot be
    shop.running = shop.start()
    glass.shows(r"^web\.1 +up .*M/256M")
    glass.shows(r"NO PLATFORM", gone=True)
    shop.ask()
    glass.shows(r"^ +0\.1 req/s")
    shop.running.signal(signal.SIGKILL)
    glass.shows(r"^⬢ shop .* NO PLATFORM ")
    glass.type("q")
    assert glass.end() == 0


def test_what_it_needs_is_said_in_one_line(folder: Folder) -> None:
    nobody = Glass(folder.path)
    assert nobody.end() == 1
    assert nobody.screen.startswith(b"localku: no app of this folder is running (start it with")
    assert nobody.is_restored()
    nobody.close()
    dumb = Glass(folder.path, TERM="dumb")
    assert dumb.end() == 1
    said = b"localku: the terminal cannot show it (TERM is dumb) (`localku top --once` prints it"
    assert dumb.screen == said + b" once)\r\n"
    dumb.close()


def test_the_size_is_the_terminals_and_stderr_may_be_a_file(quiet: Shop) -> None:
    errors = quiet.folder.path / "errors"
    glass = Glass(quiet.folder.path, stderr=errors, COLUMNS="20", LINES="5")
    quiet.glasses.append(glass)
    glass.shows(r"^⬢ shop v2   3 of 3 dynos up +http://shop\.localhost")
    assert errors.read_bytes() == b""
