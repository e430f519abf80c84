"""What a check sees of a running app, and that what it changed is put back, also when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from conftest import Folder, Running, wait_until

from localku.lessons.asking import read
from localku.lessons.live import Live
from localku.lessons.verdict import app_in
from localku.lessons.watched import StillWrong

APP = """\
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class App(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"only this")
            self.wfile.flush()
            self.connection.shutdown(2)
            return
        length = int(self.headers.get("Content-Length", 0))
        said = f"{os.environ.get('COLOR')} {self.command} {self.rfile.read(length).decode()}"
        self.send_response(201)
        self.send_header("Set-Cookie", "a=1; Path=/")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())
        print("it", "was", "asked", flush=True)
    do_POST = do_GET
    def log_message(self, *args):
        pass

ThreadingHTTPServer(("", int(os.environ["PORT"])), App).serve_forever()
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("live") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", "web: exec python3 -u app.py\n")
    folder.write("app.py", APP)
    folder.write(".env", "COLOR=red\n")
    running = folder.start()
    running.wait_for(r"heroku\[web.1\]: State changed from starting to up")
    yield running
    running.destroy()


def watched(shop: Running, look: Callable[[Live], Awaitable[None]]) -> list[str]:
    """Look at the running app; what was said."""
    said: list[str] = []

    async def all_of_it() -> None:
        client = app_in(str(shop.cwd))
        assert client is not None
        async with Live(client, str(shop.cwd), said.append) as app:
            await look(app)

    asyncio.run(all_of_it())
    return said


def test_requests_and_lines(shop: Running) -> None:
    async def look(app: Live) -> None:
        app.saw("hello")
        since = app.now()
        answer = await app.request("/x", "POST", body=b"data")
        assert (answer.status, answer.text) == (201, "red POST data")
        assert answer.cookies == "a=1; b=2"
        assert 0 < answer.ms < 10_000
        line = await app.line("was asked", since=since, dyno="web")
        assert (line.source, line.dyno, line.text) == ("app", "web.1", "it was asked")
        await app.line('path="/x"', "status=201", since=since, dyno="router")
        with pytest.raises(TimeoutError, match="nobody said"):
            await app.line("nobody said", since=since, within=0.1)
        assert app.lines(since + 100) == []
        cut = await app.request("/cut")
        assert (cut.status, cut.dyno_failed) in ((0, True), (502, True), (503, True))

    assert watched(shop, look) == ["hello"]


def test_a_one_off_dyno_has_a_status_and_an_output(shop: Running) -> None:
    async def look(app: Live) -> None:
        assert await app.run("echo $COLOR; echo two >&2; exit 3") == (3, "red\ntwo\n")
        with pytest.raises(TimeoutError):
            await app.run("exec sleep 60", within=0.3)

    watched(shop, look)


def test_what_was_changed_is_put_back_when_the_check_fails(shop: Running) -> None:
    async def look(app: Live) -> None:
        await app.set_config(COLOR="blue", OTHER="x")
        assert (await app.request()).text == "blue GET "
        await app.set_config(COLOR=None)
        assert (await app.request()).text == "None GET "
        await app.scale(web=2)
        assert [each["state"] for each in await app.dynos("web")] == ["up", "up"]
        raise StillWrong("on purpose")

    with pytest.raises(StillWrong, match="on purpose"):
        watched(shop, look)
    assert shop.cli("config", "--json").stdout == '{\n  "COLOR": "red"\n}\n'
    assert shop.cli("ps:scale").stdout == "web=1:Standard-1X\n"

    async def after(app: Live) -> None:
        with pytest.raises(StillWrong, match="no process type worker"):
            await app.scale(worker=1)

    watched(shop, after)


def test_a_check_that_is_killed(shop: Running) -> None:
    script = (
        "import asyncio, os, signal, sys\n"
        "from localku.lessons.live import Live\n"
        "from localku.lessons.verdict import app_in\n"
        "async def main():\n"
        "    async with Live(app_in(sys.argv[1]), sys.argv[1], print) as app:\n"
        "        await app.scale(web=2)\n"
        "        await app.set_config(COLOR='blue')\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(shop.cwd)], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_until(lambda: "web=1" in shop.cli("ps:scale").stdout, "the formation is back")
    wait_until(lambda: "red" in shop.cli("config").stdout, "the config vars are back")


def test_a_fault_is_on_inside_and_a_restart_is_waited_for(shop: Running) -> None:
    async def look(app: Live) -> None:
        since = app.now()
        async with app.fault("slow", dyno="web", delay=300, seconds=20) as fault:
            assert fault["state"] == "on"
            assert (await app.request()).ms > 300
        assert (await app.request()).ms < 300
        [before] = await app.dynos("web")
        await app.restart("web.1")
        [now] = await app.dynos("web")
        assert (now["state"], now["id"] != before["id"]) == ("up", True)
        with contextlib.suppress(RuntimeError):
            async with app.fault("slow", dyno="web", delay=300):
                raise RuntimeError
        assert (await app.request()).ms < 300
        assert app.lines(since, source="heroku")

    watched(shop, look)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "cut off after 4 bytes"),
        (b"nonsense\r\n\r\n", "no HTTP"),
    ],
)
def test_what_is_no_answer(data: bytes, said: str) -> None:
    answer = read(data, "GET", 1.0)
    assert answer.status == 0
    assert said in answer.text


def test_no_app_there(tmp_path: Path) -> None:
    assert app_in(str(tmp_path)) is None
