"""`localku load` as a person types it: on a real app, and on what is none."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running
from desk_kit import Desk

APP = """\
import os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_GET(self):
        if self.path == "/die":
            os._exit(1)
        if self.path == "/slow":
            time.sleep(60)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) or b"hello"
        time.sleep(0.005)
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *args):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 256

Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
PROCFILE = "web: exec python3 app.py\n"
SHORT = ("--duration", "500ms", "--warmup", "0s", "--no-live")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two web dynos behind the router, with https."""
    path = tmp_path_factory.mktemp("load") / "shop"
    path.mkdir()
    folder = Folder(path)
    folder.write("app.py", APP)
    folder.write("Procfile", PROCFILE)
    running = folder.start("-m", "web=2", "--tls", "--request-timeout", "1s", "--tls-port", "0")
    try:
        for dyno in (1, 2):
            running.wait_for(rf"heroku\[web\.{dyno}\]: State changed from starting to up")
        yield running
    finally:
        running.destroy()


def load(running: Running, *argv: str) -> subprocess.CompletedProcess[str]:
    """`localku load` in the app's folder, with the same LOCALKU_HOME."""
    home = str(running.cwd.parent / "localku-home")
    done = subprocess.run(
        [LOCALKU, "load", *argv], cwd=running.cwd, capture_output=True, text=True,
        timeout=PATIENCE * 2, env={**os.environ, "LOCALKU_HOME": home},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def as_json(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    return json.loads(done.stdout)["steps"][0]  # type: ignore[no-any-return]


def test_the_running_app(shop: Running) -> None:
    done = load(shop, "/", "3:/cart?x=1", "--rate", "120", "--json", *SHORT)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    (step,) = result["steps"]
    assert (result["format"], result["app"], result["mode"]) == ("localku-load/1", "shop", "open")
    assert step["dynos"] == {"web": 2}
    assert step["status"] == {"200": step["requests"]} and 30 < step["requests"] < 100
    assert sum(step["share"].values()) == step["requests"] == step["service"]["count"]
    assert set(step["share"]) == {"web.1", "web.2"}
    assert 4 <= step["service"]["p50"] <= step["latency"]["p50"] + 1
    assert step["latency"]["p50"] >= step["sent_latency"]["p50"]
    assert sum(count for _, count in step["histogram"]) == step["requests"]


def test_what_a_person_reads(shop: Running) -> None:
    done = load(shop, "--rate", "40", *SHORT)
    assert "=== ⬢ shop, http://shop.localhost:" in done.stdout
    assert "router: service" in done.stdout and "share       web.1" in done.stdout
    assert done.stderr == "", "no progress where there is no terminal"


def test_https_with_the_ca_of_our_own(shop: Running) -> None:
    done = load(shop, "--tls", "--rate", "40", *SHORT)
    assert "https://shop.localhost:" in done.stdout
    assert done.returncode == 0 and "no answer" not in done.stdout, done.stdout


def test_https_of_nobody_that_we_trust(shop: Running, tmp_path: Path) -> None:
    done = subprocess.run(
        [LOCALKU, "load", "--tls", *SHORT], cwd=shop.cwd, capture_output=True, text=True,
        timeout=PATIENCE, env={**os.environ, "LOCALKU_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "its certificate is not trusted: unable to get" in done.stderr, done.stderr


def test_the_closed_loop(shop: Running) -> None:
    step = as_json(load(shop, "--connections", "2", "--json", *SHORT))
    assert step["offered"] is None and step["in_flight_max"] == 2
    assert step["requests"] > 15  # type: ignore[operator]


def test_thresholds_set_the_exit_status(shop: Running) -> None:
    well = load(shop, "--fail-if", "p95>30s", "--fail-if", "errors>0%", *SHORT)
    assert well.returncode == 0, well.stdout
    done = load(shop, "--fail-if", "p95>1ms", "--fail-if", "errors>0%", *SHORT)
    assert done.returncode == 99
    assert " !  failed: p95>1ms: it was " in done.stdout


def test_codes_come_from_the_router(shop: Running) -> None:
    """The router gives up after a second: H12, and 503 to us."""
    done = load(shop, "/slow", "--rate", "10", "--json", "--fail-if", "h12>0", *SHORT)
    step = as_json(done)
    assert set(step["status"]) == {"503"}  # type: ignore[call-overload]
    assert step["codes"] == {"H12": step["requests"]}
    assert done.returncode == 99
    done = load(shop, "/broken", "--rate", "20", *SHORT)
    assert done.returncode == 1
    assert "not one of" in done.stdout and "(status 500: " in done.stdout


def test_a_body_headers_and_files(shop: Running, tmp_path: Path) -> None:
    body = tmp_path / "order.json"
    body.write_text('{"sku": 7}')
    names = [str(tmp_path / name) for name in ("r.json", "r.html", "r.hgrm")]
    files = ("--json", names[0], "--html", names[1], "--hdr", names[2])
    done = load(
        shop, "/orders", "--body", str(body), "-H", "X-A: b", "--rate", "20", *SHORT, *files
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("=== ")
    assert json.loads(Path(names[0]).read_text())["steps"][0]["requests"] > 3
    assert Path(names[1]).read_text().startswith("<!doctype html>")
    assert "#[Max     =" in Path(names[2]).read_text()


def test_a_scenario_and_a_har(shop: Running, tmp_path: Path) -> None:
    scenario = tmp_path / "load.yml"
    scenario.write_text(
        "rate: 30\nduration: 1s\nwarmup: 0\nfail-if: p95>1ms\n"
        "requests: [/, {path: /b, weight: 2}]\n"
    )
    assert load(shop, "--scenario", str(scenario)).returncode == 99
    har = tmp_path / "shop.har"
    url = f"http://shop.localhost:{shop.port}/x"
    entries = [{"request": {"url": each, "method": "GET"}} for each in (url, "https://a.example/")]
    har.write_text(json.dumps({"log": {"entries": entries}}))
    done = load(shop, "--har", str(har), *SHORT)
    assert done.returncode == 0
    assert "1 requests of" in done.stdout and "left out" in done.stdout


def test_a_rate_that_cannot_be_met(shop: Running) -> None:
    done = load(shop, "--rate", "2000", "--max-connections", "1", *SHORT)
    assert done.returncode == 1
    assert " !  the rate was not met: " in done.stdout
    assert "waited for one of 1 connections" in done.stdout


def test_ctrl_c_ends_it_with_a_report(shop: Running) -> None:
    env = {"LOCALKU_HOME": str(shop.cwd.parent / "localku-home"), "TERM": "xterm"}
    argv = ("load", "--rate", "50", "--duration", "60s", "--warmup", "0s")
    desk = Desk(shop.cwd, *argv, columns=100, env=env)
    try:
        desk.see(r"\x1b\[Kmeasured 1/60 s · 50 req/s offered")
        desk.proc.send_signal(signal.SIGINT)
        desk.see(r"ended early")
        assert desk.end() == 130
        assert b"status      200: " in desk.screen
    finally:
        desk.close()


def test_an_app_that_dies_meanwhile(folder: Folder) -> None:
    folder.write("app.py", APP)
    folder.write("Procfile", PROCFILE)
    running = folder.start()
    running.wait_for(r"State changed from starting to up")
    argv = ("load", "--rate", "40", "--duration", "4s", "--warmup", "0s", "--timeout", "1s")
    home = {**os.environ, "LOCALKU_HOME": str(folder.path.parent / "localku-home")}
    test = subprocess.Popen(
        [LOCALKU, *argv], cwd=folder.path, stdout=subprocess.PIPE, text=True, env=home
    )
    try:
        routed = r"heroku\[router\]: .* status=200"
        running.wait_for(routed, count=20)
        running.cli("ps:scale", "web=0")
        text, _ = test.communicate(timeout=PATIENCE)
    finally:
        test.kill()
        test.wait()
    assert test.returncode == 1, text
    assert "on nothing but errors came (H14: " in text


# -- what is refused -----------------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


REFUSED = {
    "no app": ([], 1, "no app of this folder is running"),
    "nobody listens": (["http://127.0.0.1:{port}/"], 1, "nobody listens there"),
    "not this machine": (["http://192.0.2.1/"], 2, "192.0.2.1 is not this machine"),
    "two targets": (["/", "http://127.0.0.1/"], 2, "one target at a time"),
    "no path": (["cart"], 2, "'cart' is neither a path nor a URL"),
    "a rate": (["--rate", "much"], 2, "--rate: 'much' is no rate"),
    "a duration": (["--duration", "long"], 2, "--duration: 'long' is not a duration"),
    "no time": (["--duration", "0s"], 2, "more than 0"),
    "both loops": (["--rate", "5", "--connections", "3"], 2, "a rate is for the open loop"),
    "connections": (["--connections", "0"], 2, "not a whole number from 1"),
    "a threshold": (["--fail-if", "p95=3"], 2, "--fail-if: 'p95=3' is no threshold"),
    "a body": (["--body", "/nonexistent"], 2, "/nonexistent: cannot read it"),
    "a har": (["--har", "{path}/not.har", "http://127.0.0.1/"], 2, "requests come from one place"),
    "a scenario": (["--scenario", "{path}/bad.yml"], 2, "bad.yml:1: this is no YAML"),
    "a header": (["-H", "x"], 2, "'x' is no header"),
    "a folder": (["--html", "{path}"], 2, "--html: cannot write"),
    "a method": (["-X", "GE T", "http://127.0.0.1:{port}/"], 1, "'GE T' is no HTTP method"),
    "scale": (["--scale", "web=1,2", "http://127.0.0.1:{port}/"], 2, "only the dynos of an app"),
    "find-max": (["--find-max", "p95<3ms"], 2, "--find-max needs --scale"),
    "a flag": (["--rates", "5"], 2, "unrecognized arguments"),
}


@pytest.mark.parametrize(("argv", "status", "said"), REFUSED.values(), ids=REFUSED)
def test_it_says_what_is_wrong(folder: Folder, argv: list[str], status: int, said: str) -> None:
    folder.write("bad.yml", "a: b: c\n")
    words = [word.format(port=free_port(), path=folder.path) for word in argv]
    found, text = folder.fails("load", *words)
    assert (found, said in text) == (status, True), text
    assert len(text.splitlines()) <= 2
