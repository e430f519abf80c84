"""Drains of an app that runs, by the installed command: what is said, and what is received."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until
from drain_sink import Sink

TALK = "talk: exec python3 -u talk.py\n"
# says each line that is put into the file `say`, whole; ends with a word
TALKER = """\
import os, signal, sys, time
def end(*_):
    print("last words", flush=True); os._exit(0)
signal.signal(signal.SIGTERM, end)
print("ready")
done = 0
while True:
    try:
        text = open("say").read()
    except OSError:
        text = ""
    sys.stdout.write(text[done:]); done = len(text)
    time.sleep(0.01)
"""


class Shop:
    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        folder.write("Procfile", TALK)
        folder.write("talk.py", TALKER)
        self.text = ""
        self.folder.write("say", "")

    def start(self, *argv: str) -> Running:
        running = self.folder.start("--drain-retry", "0.05", *argv)
        running.wait_for(r"app\[talk\.1\]: ready$")
        _ = running.port
        return running

    def say(self, *lines: object) -> None:
        with open(self.folder.path / "say", "a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def cli(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [LOCALKU, *argv], cwd=self.folder.path, capture_output=True, text=True,
            timeout=PATIENCE, env=self.folder.environ(),
        )  # fmt: skip

    def add(self, url: str, *argv: str) -> None:
        done = self.cli("drains:add", url, *argv)
        assert (done.returncode, done.stdout) == (0, f"Successfully added drain {url}\n"), done

    def drains(self) -> list[dict[str, Any]]:
        return json.loads(self.cli("drains", "--json").stdout)  # type: ignore[no-any-return]


@pytest.fixture
def shop(folder: Folder) -> Iterator[Shop]:
    yield Shop(folder)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink().open() as it:
        yield it


def test_a_new_drain_gets_what_is_said_from_now_on_and_outlives_localku(
    shop: Shop, sink: Sink
) -> None:
    running = shop.start()
    shop.say("before")
    running.wait_for(r"app\[talk\.1\]: before$")
    shop.add(sink.url)
    shop.say("after")
    wait_until(lambda: sink.says("app[talk.1]: after"), "it arrives")
    assert not sink.says("before") and not sink.says("ready")
    [drain] = shop.drains()
    assert sink.requests[0]["Logplex-Drain-Token"] == drain["token"]
    assert drain["token"].startswith("d.")
    running.signal(signal.SIGTERM)
    running.wait()
    assert sink.says("app[talk.1]: last words")  # what is said at the end gets there
    assert sink.says("heroku[talk.1]: Process exited with status 0")
    heard = len(sink.lines)
    running = shop.start()
    wait_until(lambda: sink.says("app[talk.1]: ready"), "it hears the next start")
    assert sink.lines[heard].startswith("heroku[talk.1]: Starting process with command")
    [again] = shop.drains()
    assert (again["id"], again["token"]) == (drain["id"], drain["token"])
    gone = shop.cli("drains:remove", drain["token"])
    assert gone.stdout == f"Successfully removed drain {sink.url}\n"
    shop.say("to nobody")
    running.wait_for(r"app\[talk\.1\]: to nobody$")
    assert shop.drains() == []
    assert not sink.says("to nobody")


def test_a_drain_that_is_down_costs_the_app_nothing_and_gets_what_was_kept(
    shop: Shop, sink: Sink
) -> None:
    sink.status = 500
    running = shop.start("--drain-buffer", "20")
    shop.add(sink.url.replace("://", "://bob:hushhush@") + "?key=hushhush")
    shop.say(*range(100))
    running.wait_for(r"app\[talk\.1\]: 99$")
    running.wait_for(r"heroku\[logplex\]: Drain http://127\.0\.0\.1:\d+: status 500; tried again")
    shop.say(*range(100, 200))
    running.wait_for(r"app\[talk\.1\]: 199$")
    shown = shop.cli("drains").stdout
    assert shown.startswith("=== Drains\n\nhttp://bob:hushhush@127.0.0.1:")  # as Heroku shows it
    assert "in trouble: status 500" in shown
    sink.status = 204
    wait_until(lambda: sink.says("app[talk.1]: 199"), "it gets the newest")
    [loss] = [line for line in sink.lines if "Error L10" in line]
    numbers = [int(line.split(": ")[1]) for line in sink.lines if line.startswith("app[talk.1]:")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) + int(loss.split("): ")[1].split()[0]) == 200
    running.wait_for(r"heroku\[logplex\]: Drain http://127\.0\.0\.1:\d+: it takes lines again$")
    assert running.text.count("heroku[logplex]:") == 2
    assert "hushhush" not in running.text
    [drain] = shop.drains()
    assert drain["trouble"] is None and drain["last_error"] == "status 500"
    assert drain["delivered"] + drain["dropped"] + drain["waiting"] >= 200
    ids = [each["Logplex-Frame-Id"] for each in sink.requests]
    assert len(set(ids)) < len(ids)  # the same batch was the same batch


def test_five_drains_are_the_most_and_no_url_twice(shop: Shop) -> None:
    shop.start()
    for number in range(5):
        shop.add(f"http://127.0.0.1:9/{number}")
    words = shop.cli("completion", "--words", "drains").stdout.split()
    assert words == [f"http://127.0.0.1:9/{number}" for number in range(5)]
    done = shop.cli("drains:add", "http://127.0.0.1:9/6")
    assert done.returncode == 1
    assert done.stderr == "localku: An app has at most 5 drains: remove one first\n"
    shop.cli("drains:remove", "http://127.0.0.1:9/4")
    assert "already" in shop.cli("drains:add", "http://127.0.0.1:9/0").stderr
    assert len(shop.drains()) == 4


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["file:///etc/passwd"], "begins with https://, http://, syslog+tls:// or syslog://"),
        (["javascript:alert(1)"], "begins with https://"),
        ([], "drains:add needs a URL"),
        (["http://127.0.0.1:9/", "--ca", "none.pem"], "cannot read the CA"),
        (["http://127.0.0.1:9/", "--ca", "Procfile"], "a CA is of use for https"),
        (["https://127.0.0.1:9/", "--ca", "Procfile"], "has to be a certificate in PEM"),
    ],
)
def test_what_cannot_be_a_drain_is_one_line(argv: list[str], why: str, running_shop: Shop) -> None:
    done = running_shop.cli("drains:add", *argv)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1 and why.lower() in done.stderr.lower(), done.stderr


@pytest.fixture(scope="module")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("drains") / "shop"
    root.mkdir()
    folder = Folder(root)
    shop = Shop(folder)
    shop.start()
    yield shop
    for running in folder.started:
        running.destroy()


def test_no_drains_and_a_drain_that_is_none(running_shop: Shop) -> None:
    done = running_shop.cli("drains")
    assert (done.stdout, done.stderr) == ("", "⬢ shop has no log drains.\n")
    done = running_shop.cli("drains:remove", "https://nowhere.test/")
    assert (done.returncode, done.stderr) == (1, "localku: Couldn't find that log drain\n")


def test_a_hung_drain_does_not_keep_localku_from_ending(shop: Shop) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        running = shop.start("--drain-timeout", "60")
        shop.add(f"http://127.0.0.1:{deaf.getsockname()[1]}/")
        shop.say("x")
        running.wait_for(r"app\[talk\.1\]: x$")
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        assert running.wait() == 143
        assert time.monotonic() - began < 4  # a second for the drain, and the dyno's own
    running.assert_nothing_left()


def test_a_drain_to_the_app_itself_is_slow_and_said(shop: Shop) -> None:
    """Heroku allows it: each batch makes a router line, which is a batch."""
    shop.folder.write(
        "web.py",
        "import http.server as h, os\n"
        "class H(h.BaseHTTPRequestHandler):\n"
        "    protocol_version = 'HTTP/1.1'\n"
        "    def do_POST(self):\n"
        "        n = int(self.headers['Content-Length']); self.rfile.read(n)\n"
        "        print('got', n, flush=True)\n"
        "        self.send_response(204); self.end_headers()\n"
        "h.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n",
    )
    shop.folder.write("Procfile", TALK + "web: exec python3 web.py\n")
    running = shop.start()
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up")
    shop.add(f"http://shop.localhost:{running.port}/in")
    running.wait_for(r"app\[api\]: Drain http://shop\.localhost:\d+ leads back to this router")
    running.wait_for(r"app\[web\.1\]: got \d+$")
    began, seen = time.monotonic(), running.text.count("app[web.1]: got")
    running.wait_for(r"app\[web\.1\]: got \d+$", count=seen + 2)
    assert time.monotonic() - began > 0.5


def test_a_ca_for_one_drain(shop: Shop) -> None:
    ca = trustme.CA()
    shop.folder.write("ca.pem", ca.cert_pem.bytes().decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    import socket
    import threading

    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                    with context.wrap_socket(client, server_side=True) as line:
                        while data := line.recv(65536):
                            got.append(data)
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        try:
            running = shop.start()
            shop.add(f"syslog+tls://127.0.0.1:{port}", "--ca", "ca.pem")  # not its name
            shop.say("one")
            running.wait_for(r"heroku\[logplex\]: Error L14 \(certificate validation\): error=\"")
            shop.add(f"syslog+tls://localhost:{port}", "--ca", "ca.pem")
            shop.say("two")
            wait_until(lambda: b"talk.1 - - two\n" in b"".join(got), "it arrives")
            assert [each["ca"] for each in shop.drains()] == [True, True]
            running.signal(signal.SIGTERM)
            running.wait()
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def test_localkus_own_ca_is_trusted_for_what_is_here(shop: Shop) -> None:
    """A drain to the https side of this very machine needs no --ca."""
    running = shop.start("--tls", "--tls-port", "0")
    port = running.wait_for(r"https://localhost:(\d+)")[1]
    shop.add(f"https://shop.localhost:{port}/")
    shop.say("x")
    # there is no web dyno: the router answers with an error, over TLS
    running.wait_for(r"heroku\[logplex\]: Drain https://shop\.localhost:\d+: status 503")


def test_drains_of_a_platform_of_many(folder: Folder, sink: Sink) -> None:
    home = folder.path.parent / "many"
    env = {"LOCALKU_HOME": str(home)}
    folder.write("shop/Procfile", TALK)
    folder.write("shop/talk.py", TALKER)
    running = folder.run("platform", "-p", "0", env=env)
    running.wait_for(r"heroku\[platform\]: Running ")

    def cli(*argv: str) -> str:
        return subprocess.run(
            [LOCALKU, *argv], cwd=folder.path, capture_output=True, text=True, check=True,
            timeout=PATIENCE, env=folder.environ(**env),
        ).stdout  # fmt: skip

    cli("apps:create", "quiet")
    cli("apps:create", "empty")
    cli("drains:add", sink.url, "-a", "empty")
    cli("apps:source", "shop", "-a", "empty")
    wait_until(lambda: sink.says("app[talk.1]: ready"), "it hears the app")
    assert json.loads(cli("drains", "--json", "-a", "quiet")) == []
    cli("apps:destroy", "empty", "--confirm", "empty")
    wait_until(lambda: sink.says("app[talk.1]: last words"), "it hears the end")
    running.signal(signal.SIGTERM)
    running.wait()


def test_the_api_has_what_the_command_shows(shop: Shop, sink: Sink) -> None:
    running = shop.start()
    port = running.wait_for(r"API on http://127\.0\.0\.1:(\d+)$")[1]
    key = (shop.folder.path / ".localku" / "api-key").read_text().strip()

    def ask(path: str) -> Any:
        wish = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {key}"}
        )
        with urllib.request.urlopen(wish, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    shop.add(sink.url)
    shop.say("x")
    wait_until(lambda: ask("/localku/apps/shop/log-drains")[0]["delivered"] == 1, "counted")
    [full] = ask("/localku/apps/shop/log-drains")
    [plain] = ask("/apps/shop/log-drains")
    assert {**full, **plain} == full
    for word in (plain["id"], plain["token"], urllib.parse.quote(sink.url, safe="")):
        assert ask(f"/apps/shop/log-drains/{word}") == plain
        assert ask(f"/localku/apps/shop/log-drains/{word}")["dropped"] == 0
