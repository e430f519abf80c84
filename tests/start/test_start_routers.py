"""`localku start --routers N`: processes beside the platform, which come and go with it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import threading

import pytest
from conftest import LINUX, Folder, Running, wait_until

pytestmark = pytest.mark.skipif(not LINUX, reason="ps --ppid, /proc")

WEB = """
import asyncio, os, signal

async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\\r\\n\\r\\n")
            body = os.environ["DYNO"].encode()
            head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n"
            writer.write(head % len(body) + body)
    except asyncio.IncompleteReadError:
        writer.close()

async def main():
    loop = asyncio.get_running_loop()
    end = lambda: loop.call_later(0.5, os._exit, 0)  # what is on its way is still answered
    loop.add_signal_handler(signal.SIGTERM, end)
    await asyncio.start_server(serve, "127.0.0.1", int(os.environ["PORT"]))
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture
def web(folder: Folder) -> Folder:
    folder.write("bin/web.py", WEB)
    folder.write("Procfile", "web: exec python3 -I bin/web.py\n")
    return folder


def up(app: Running, routers: int, dynos: int = 1) -> Running:
    app.wait_for(r"heroku\[router\.\d\]: State changed from starting to up$", count=routers - 1)
    app.wait_for(r"heroku\[web\.\d+\]: State changed from starting to up$", count=dynos)
    return app


def helpers(app: Running) -> dict[int, str]:
    """What localku has started for itself: pid to command line."""
    said = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(app.proc.pid)], capture_output=True, text=True
    ).stdout
    return {int(line.split()[0]): line.split(None, 1)[1] for line in said.splitlines()}


def routers_of(app: Running) -> list[int]:
    return [pid for pid, args in helpers(app).items() if "localku.router.worker" in args]


def get(app: Running) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode()
    finally:
        connection.close()


def test_one_router_needs_no_process_of_its_own(web: Folder) -> None:
    app = web.start()
    app.wait_for("Running ")
    get(app)
    assert list(helpers(app).values()) == ["dyno-init"]
    assert "router." not in app.text


def test_three_routers_and_scaling_under_load(web: Folder) -> None:
    app = up(web.start("-m", "web=1", "--routers", "3"), 3)
    commands = [args for args in helpers(app).values() if "worker" in args]
    assert [re.sub(r"^\S+ ", "", args) for args in sorted(commands)] == [
        "-m localku.router.worker router.2",
        "-m localku.router.worker router.3",
    ]
    stop = threading.Event()
    served: list[str] = []

    def ask() -> None:
        while not stop.is_set():
            served.append(get(app))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for quantity, pattern, count in (
            (3, r"heroku\[web\.[23]\]: State changed from starting to up$", 2),
            (1, r"heroku\[web\.2\]: Process exited with status 0$", 1),
            (2, r"heroku\[web\.2\]: State changed from starting to up$", 2),
        ):
            assert app.cli("ps:scale", f"web={quantity}").returncode == 0
            app.wait_for(pattern, count=count)
        before = len(served)
        wait_until(lambda: {"web.1", "web.2"} <= set(served[before:]), "both dynos are served")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    wait_until(
        lambda: app.text.count("heroku[router]: at=info") == len(served), "a line for each request"
    )
    assert "at=error" not in app.text
    app.signal(signal.SIGINT)
    assert app.wait() == 130
    app.assert_nothing_left(0.5)
    assert not re.search(r"heroku\[router\.\d\]: Process exited", app.text)


def test_no_file_of_the_app_is_taken_for_a_module(web: Folder) -> None:
    for name in ("asyncio", "socket", "signal", "localku/__init__", "localku/router/worker"):
        web.write(f"{name}.py", "raise SystemExit('the wrong module')\n")
    app = up(web.start("--routers", "2"), 2)
    assert get(app) == "web.1"
    assert "wrong" not in app.text


def test_a_busy_port_is_named(web: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    app = up(web.start("--routers", "2"), 2)
    other = Folder(tmp_path_factory.mktemp("other"))
    other.write("Procfile", "web: sleep 60\n")
    status, said = other.fails("start", "-p", str(app.port), "--routers", "2")
    assert status == 1
    assert re.search(rf"port {app.port} is in use by pid \d+ \(.*localku", said)


@pytest.mark.parametrize(
    ("how", "stopped"),
    [
        ("SIGINT", False),
        ("SIGHUP", False),
        ("killed", False),
        ("killed with its group", True),
        ("init killed", True),
    ],
)
def test_no_router_is_left(web: Folder, how: str, stopped: bool) -> None:
    app = up(web.start("--routers", "3", "--shutdown-grace", "0.2", start_new_session=True), 3)
    pids = routers_of(app)
    assert len(pids) == 2
    if stopped:
        os.kill(pids[0], signal.SIGSTOP)
    if how == "killed":
        app.proc.kill()
    elif how == "killed with its group":
        os.killpg(app.proc.pid, signal.SIGKILL)
    elif how == "init killed":
        os.kill(next(p for p, args in helpers(app).items() if args == "dyno-init"), signal.SIGKILL)
    else:
        os.killpg(app.proc.pid, getattr(signal, how))  # as a terminal does: to all in front
    if "killed" in how and how != "init killed":
        wait_until(lambda: not set(pids) & set(app.survivors()), "the routers are gone", 1)
    app.proc.wait(10)
    app.assert_nothing_left(5)
