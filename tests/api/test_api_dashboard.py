"""The door of the dashboard: who gets its page with the token in it, and what the token opens."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_kit import TWO_TYPES
from conftest import LINUX, LOCALKU, PATIENCE, Folder, Running
from gate_kit import FOREIGN, Door, ask, bearer

from localku.api import access, dashboard, sockowner
from localku.api.entrance import LIFETIME, MOST, Tickets

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
needs_proc = pytest.mark.skipif(not LINUX, reason="only Linux says whose a connection is")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One platform for all tests that leave it as it was."""
    root = tmp_path_factory.mktemp("dashboard") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    yield Door(root, running)
    running.destroy()


def page(
    door: Door, headers: dict[str, str], path: str = "/"
) -> tuple[http.client.HTTPResponse, str]:
    """A page, and its text."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response, response.read().decode()
    finally:
        connection.close()


def token_in(text: str) -> str:
    found = re.search(r'<meta name="localku-token" content="(.*?)">', text)
    assert found
    return found[1]


# -- the page ------------------------------------------------------------------------------------


@needs_proc
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_navigation_of_ones_own_browser_gets_the_token(door: Door, address: str) -> None:
    connection = http.client.HTTPConnection(address, door.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/", headers=NAVIGATION)
    except OSError:
        pytest.skip(f"no {address} here")
    token = token_in(connection.getresponse().read().decode())
    connection.close()
    assert token == access.page_token(door.key) != door.key
    assert ask(door.port, "GET", "/apps/shop/dynos", headers=bearer(token)).status == 200


NO_NAVIGATION = {
    "a program": {},
    "a script of a page": {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    "a picture": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "a frame": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
}


@pytest.mark.parametrize("headers", NO_NAVIGATION.values(), ids=NO_NAVIGATION)
def test_what_is_no_navigation_gets_the_page_without_it(
    door: Door, headers: dict[str, str]
) -> None:
    response, text = page(door, headers)
    assert response.status == 200
    assert token_in(text) == ""


@needs_proc
@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
def test_another_user_gets_the_page_without_it(door: Door) -> None:
    lines = [f"{name}: {value}" for name, value in {"Host": "localhost", **NAVIGATION}.items()]
    head = "\r\n".join(["GET / HTTP/1.1", *lines, "Connection: close", "", ""])
    script = (
        "import os, socket; os.setuid(65534); "
        f"s = socket.socket(); s.connect(('127.0.0.1', {door.port})); "
        f"s.sendall({head.encode()!r}); "
        "print(s.makefile('rb').read().decode())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert token_in(done.stdout) == "", done.stderr


def test_another_host_name_gets_nothing(door: Door) -> None:
    response, text = page(door, {**NAVIGATION, "Host": f"evil.example:{door.port}"})
    assert response.status == 403
    assert "token" not in text


def test_the_page_and_its_files_are_strict(door: Door) -> None:
    for path in ("/", "/localku/dashboard/uPlot.iife.min.js"):
        response, _ = page(door, NAVIGATION, path)
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert page(door, NAVIGATION)[0].headers["Cache-Control"] == "no-store"


def test_a_file_is_sent_once_and_then_known(door: Door) -> None:
    path = "/localku/dashboard/uPlot.iife.min.js"
    response, text = page(door, {}, path)
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "uPlot" in text
    again, text = page(door, {"If-None-Match": response.headers["ETag"]}, path)
    assert (again.status, text) == (304, "")


@pytest.mark.parametrize("name", ["nosuch.js", "dashboard.html", "..%2fguard.py", "%2e%2e"])
def test_there_is_no_other_file(door: Door, name: str) -> None:
    response, _ = page(door, {}, f"/localku/dashboard/{name}")
    assert response.status == 404


# -- the token -----------------------------------------------------------------------------------


def redeem(door: Door, **body: str) -> tuple[int, str]:
    answer = ask(door.port, "POST", "/localku/dashboard/token", body)
    return answer.status, answer.value.get("token", "")


def test_the_key_is_changed_into_the_token(door: Door) -> None:
    assert redeem(door, key=f" {door.key}\n") == (201, access.page_token(door.key))


@pytest.mark.parametrize("body", [{}, {"key": FOREIGN}, {"ticket": "x"}, {"key": ""}])
def test_nothing_else_is_changed_into_it(door: Door, body: dict[str, str]) -> None:
    assert redeem(door, **body) == (401, "")


def test_a_link_is_good_once(door: Door) -> None:
    done = door.running.cli("dashboard", "--print")
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#ticket=([\w-]+)&app=shop\n", done.stdout)
    assert found and int(found[1]) == door.port, done
    assert redeem(door, ticket=found[2]) == (201, access.page_token(door.key))
    assert redeem(door, ticket=found[2]) == (401, "")


def test_without_a_browser_the_link_is_printed(door: Door) -> None:
    environ = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [LOCALKU, "dashboard"],
        cwd=door.root,
        env={**environ, "BROWSER": "/bin/false %s"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("http://127.0.0.1:")


def test_tickets_are_not_given_to_everybody(door: Door) -> None:
    answer = ask(door.port, "POST", "/localku/dashboard/tickets", {})
    assert answer.status == 401


def test_tickets_end_and_are_few() -> None:
    tickets = Tickets()
    late = tickets.give(0.0)
    assert not tickets.take(late, LIFETIME)
    many = [tickets.give(0.0) for _ in range(MOST + 1)]
    assert [tickets.take(each, 1.0) for each in many] == [False, *[True] * MOST]
    assert not tickets.take("", 1.0)


def test_the_banner_names_it(door: Door) -> None:
    door.running.wait_for(rf"Running .*, dashboard and API on http://127\.0\.0\.1:{door.port}$")


def test_the_token_outlives_the_platform(folder: Folder) -> None:
    folder.write("Procfile", TWO_TYPES)

    def token(running: Running) -> str:
        door = Door(folder.path, running)
        try:
            return redeem(door, key=door.key)[1]
        finally:
            running.destroy()

    assert token(folder.start()) == token(folder.start())


# -- whose a connection is -----------------------------------------------------------------------

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:138F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1
   1: 0100007F:9C40 0100007F:138F 01 00000000:00000000 00:00000000 00000000  1001        0 2 1
   2: 0100007F:138F 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 3 1
"""
TABLE6 = """\
  sl  local_address                         remote_address                        st ...
   0: 00000000000000000000000001000000:9C41 00000000000000000000000001000000:138F 01 0:0 0:0 0 1002
   1: 0000000000000000FFFF00000100007F:9C42 0000000000000000FFFF00000100007F:138F 01 0:0 0:0 0 1003
   2: nonsense
"""
OURS = ("127.0.0.1", 0x138F)
OWNERS = {
    "the client's, not the server's": (TABLE, ("127.0.0.1", 0x9C40), OURS, 1001),
    "not there": (TABLE, ("127.0.0.1", 0x9C41), OURS, None),
    "listening": (TABLE, OURS, ("127.0.0.1", 1), None),
    "six": (TABLE6, ("::1", 0x9C41), ("::1", 0x138F), 1002),
    "four in six": (TABLE6, ("127.0.0.1", 0x9C42), ("::ffff:127.0.0.1", 0x138F), 1003),
    "empty": ("", OURS, OURS, None),
}


@pytest.mark.parametrize(("table", "end", "other", "uid"), OWNERS.values(), ids=OWNERS)
def test_whose_a_connection_is(
    table: str, end: sockowner.End, other: sockowner.End, uid: int | None
) -> None:
    assert sockowner.owner(table, end, other, "little") == uid


@needs_proc
def test_the_kernel_says_whose_a_connection_is() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
    ):
        table = Path(sockowner.TABLES[0]).read_text()
        ends = (client.getsockname(), server.getsockname())
        assert sockowner.owner(table, *ends) == os.getuid()


@pytest.mark.parametrize(
    ("address", "local"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True)]
    + [("10.0.0.1", False), ("::", False), ("fe80::1%eth0", False), ("", False)],
)
def test_what_is_on_this_machine(address: str, local: bool) -> None:
    assert sockowner.is_loopback((address, 1)) == local


# -- the page's files ----------------------------------------------------------------------------

STATIC = dashboard.FOLDER


def test_the_page_names_only_files_that_are_there() -> None:
    text = (STATIC / "dashboard.html").read_text()
    named = set(re.findall(r'(?:src|href)="/localku/dashboard/([^"]+)"', text))
    for script in STATIC.glob("*.js"):
        if not script.name.startswith("uPlot"):
            named |= set(re.findall(r'from "\./([^"]+)"', script.read_text()))
    assert named - set(dashboard.files()) == set()
    unused = set(dashboard.files()) - named
    assert unused == set()


@pytest.mark.parametrize(
    "path",
    [each for each in STATIC.iterdir() if not each.name.startswith("uPlot")],
    ids=lambda path: path.name,
)
def test_a_file_of_the_page_holds_one_idea_and_makes_no_markup_of_data(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert forbidden not in text
    assert re.findall(r"https?://(?!www\.w3\.org)[\w.]+", text) == []


PAIRS = {
    "text": ("bg", "card", "inset", "accent-soft", "hit"),
    "faint": ("bg", "card", "inset"),
    "accent": ("bg", "card", "accent-soft"),
    "on-accent": ("accent",),
    "good": ("bg", "card", "inset"),
    "busy": ("card", "inset"),
    "warn": ("card", "warn-soft"),
    "bad": ("bg", "card", "bad-soft"),
    **{f"line-{number}": ("inset",) for number in (1, 2, 4, 5, 7, 8)},
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_can_be_read(theme: str) -> None:
    blocks = re.findall(r"^:root[^{]*\{(.*?)^\}", (STATIC / "base.css").read_text(), re.M | re.S)
    found = dict(re.findall(r"--([\w-]+): (#\w+|rgb\([^)]*\))", blocks[0]))
    if theme == "dark":
        found |= dict(re.findall(r"--([\w-]+): (#\w+|rgb\([^)]*\))", blocks[1]))
    low = {
        f"{front} on {back}": round(ratio, 2)
        for front, backs in PAIRS.items()
        for back in backs
        if (ratio := contrast(found[front], found[back], found["card"])) < 4.5
    }
    assert low == {}, "WCAG 2.2, 1.4.3 asks for 4.5"


def rgb(text: str, under: str) -> list[float]:
    """The three parts of a colour, from 0 to 1; a transparent one lies on `under`."""
    if text.startswith("#"):
        digits = text[1:] if len(text) == 7 else "".join(each * 2 for each in text[1:])
        return [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    *parts, share = re.findall(r"[\d.]+", text)
    below = rgb(under, under)
    alpha = int(share) / 100
    return [int(p) / 255 * alpha + b * (1 - alpha) for p, b in zip(parts, below, strict=True)]


def contrast(front: str, back: str, under: str) -> float:
    """WCAG's contrast ratio of two colours."""

    def light(colour: str) -> float:
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in rgb(colour, under)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    one, other = sorted((light(front), light(back)), reverse=True)
    return (one + 0.05) / (other + 0.05)
