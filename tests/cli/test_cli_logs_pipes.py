"""`localku logs` as a stream for other programs: pv, awk, head, JSON parsers, a slow reader."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until
from desk_kit import OWN_TERMINAL
from shell_kit import client_of, shell

APP = """\
web: exec python3 -m http.server --bind 127.0.0.1 $PORT
lines: i=0; while [ $i -lt 1600 ]; do i=$((i+1)); echo line $i of very many; done; exec sleep 600
"""
BASH = shutil.which("bash") or "bash"
ENV = {**os.environ, "PATH": f"{Path(LOCALKU).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("pipes") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", APP)
    running = folder.start()
    running.wait_for(r"app\[lines\.1\]: line 1600 ")
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
    yield running
    running.destroy()


def seen_at_a_terminal(shop: Running, script: str, pattern: str) -> re.Match[str]:
    """Run a pipeline at a terminal while requests come, until it shows that; then Ctrl-C."""
    master, slave = pty.openpty()
    proc = subprocess.Popen(
        [sys.executable, "-c", OWN_TERMINAL, BASH, "-c", script], cwd=shop.cwd, env=ENV,
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    screen, deadline = "", time.monotonic() + PATIENCE
    try:
        while not (match := re.search(pattern, screen)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {screen!r}"
            with socket.create_connection(("127.0.0.1", shop.port)) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while client.recv(65536):
                    pass
            if select.select([master], [], [], 0.02)[0]:
                screen += os.read(master, 65536).decode()
        return match
    finally:
        os.killpg(proc.pid, signal.SIGINT)
        proc.wait(PATIENCE)
        os.close(master)
        assert "Traceback" not in screen


@pytest.mark.skipif(not shutil.which("pv"), reason="pv is not installed")
def test_the_talks_rate(shop: Running) -> None:
    """Lines a second, as the talk has it on its slide."""
    seen_at_a_terminal(
        shop, "localku logs -t -p router | pv -lr >/dev/null", r"\[ *[1-9][\d.]* ?/s\]"
    )


@pytest.mark.parametrize("awk", ["gawk", "mawk -W interactive"])
def test_the_talks_columns(shop: Running, awk: str) -> None:
    """Each line at once. mawk without that flag waits until 4 KiB of a pipe have come."""
    if not shutil.which(awk.split()[0]):
        pytest.skip(f"no {awk.split()[0]} here")
    seen_at_a_terminal(
        shop, f"localku logs -t -n 0 -p router | {awk} '{{print $10,$11,$12}}'",
        r"connect=\d+ms service=\d+ms status=200",
    )  # fmt: skip


@pytest.mark.parametrize(
    "flags", ["-n 1500", "-t -n 1500", "-n 1500 --json", "-t -n 1500 -p lines"]
)
def test_head_ends_it_at_once_and_in_silence(shop: Running, flags: str) -> None:
    """Also with more lines than a pipe holds; 141 is what SIGPIPE makes of any program."""
    done = shell(shop.cwd, f"localku logs {flags} | head -1; echo ${{PIPESTATUS[0]}}")
    _, status = done.stdout.splitlines()
    assert (status, done.stderr) == ("141", "")


COMBINATIONS = {
    "-p web -s heroku": r"heroku\[web\.1\]: ",
    "--ps web.1 -s app": r"app\[web\.1\]: ",
    "-d lines.1 --num 1200 --source app": r"app\[lines\.1\]: line \d+ ",
    "--dyno-name lines.1 -p lines": r"\w+\[lines\.1\]: ",
    "--dyno lines --process-type lines.1": r"\w+\[lines\.1\]: ",
    "-d web.1 -p lines": None,
    "-n 0": None,
    "-n 0 -p web -s app -d web.1": None,
    "-s router": None,
}


@pytest.mark.parametrize(("flags", "pattern"), COMBINATIONS.items(), ids=COMBINATIONS)
def test_flags_together(shop: Running, flags: str, pattern: str | None) -> None:
    lines = shop.cli("logs", "-n", "1500", *flags.split()).stdout.splitlines()
    assert bool(lines) == (pattern is not None)
    assert all(re.match(rf"\S{{32}} {pattern}", line) for line in lines)
    assert len(lines) <= (1200 if "--num" in flags else 1500)


def test_forms(shop: Running) -> None:
    for form, pattern in (("heroku", r"\S{32} app\["), ("short", r"\d\d:\d\d:\d\d \S+ *\| ")):
        done = shop.cli("logs", "--log-format", form, "-s", "app")
        assert re.match(pattern, done.stdout), done
    done = shop.cli("logs", "--format", "xml")
    assert (done.returncode, done.stdout) == (2, "")
    with pytest.raises(Exception, match="Format must be one of heroku, short, json"):
        client = client_of(shop)
        session = client.request("POST", client.at("log-sessions"), {})
        assert isinstance(session, dict)
        path = "/" + str(session["logplex_url"]).split("/", 3)[3]
        client.request("GET", path + "?format=xml")


HOSTILE = b"".join(bytes([each]) for each in range(256) if each not in b"\n") + b"\n"
HOSTILE += b'\xff\xfe \xc3\x28 \xed\xa0\x80 \x1b[31m \xe2\x80\xa8 \xc2\x85 {"a": "b\\\n"}\n'
SPEAKER = """\
import sys, time
sys.stdout.buffer.write(open("hostile", "rb").read())
sys.stdout.buffer.write(b"name? ")
sys.stdout.flush()
open("asked").read()
sys.stdout.buffer.write(b"you\\nend\\n")
sys.stdout.flush()
time.sleep(600)
"""


def test_json_is_whole_whatever_is_said(folder: Folder) -> None:
    """Over `start` and over `logs`: strict UTF-8, an object a line, every byte accounted for."""
    os.mkfifo(folder.path / "asked")
    (folder.path / "hostile").write_bytes(HOSTILE)
    folder.write("app.py", SPEAKER)
    folder.write("Procfile", "say: exec python3 app.py\n")
    with open(folder.path / "out", "wb") as out:
        running = folder.start("--log-format", "json", "--partial-line", "20ms", stdout=out)
    written = folder.path / "out"
    wait_until(lambda: b'"name? "' in written.read_bytes(), "the open line is shown")
    (folder.path / "asked").write_text("x")
    wait_until(lambda: b'"end"' in written.read_bytes(), "it ends")
    asked = subprocess.run(
        [LOCALKU, "logs", "--log-format", "json"], cwd=folder.path, capture_output=True, check=True
    )
    for output in (written.read_bytes(), asked.stdout):
        said = ""
        for line in output.decode("utf-8").split("\n")[:-1]:
            each = json.loads(line)
            assert set(each) <= {"time", "source", "dyno", "message", "continues", "partial"}
            if (each["source"], each["dyno"]) == ("app", "say.1"):
                said += each["message"] + ("" if each.get("partial") else "\n")
        assert said == HOSTILE.decode("utf-8", "backslashreplace") + "name? you\nend\n"
    running.signal(signal.SIGTERM)
    assert running.wait() == 143


LONG = "x" * 120  # 150,000 of them are four times what waits for a tail
# in pieces: a reader may have to wait for its turn on a busy machine
FLOOD = f"""\
flood: open=$(cat go); i=0; while [ $i -lt 150000 ]; do \
seq -f 'number %.0f of {LONG}' $((i+1)) $((i+3000)); i=$((i+3000)); sleep 0.02; done; exec sleep 600
"""


class Tail:
    """A client that follows the log over a real socket."""

    def __init__(self, running: Running, receive: int = 0) -> None:
        client = client_of(running)
        wish = {"tail": True, "lines": 0}
        session = client.request("POST", client.at("log-sessions"), wish)
        assert isinstance(session, dict)
        path = "/" + str(session["logplex_url"]).split("/", 3)[3]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.connect(client.path)
        self.socket.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.data += self.socket.recv(4096)

    def read(self) -> None:
        """Until the last line of the flood."""
        parts, tail = [self.data], self.data
        while b"number 150000 of " not in tail:
            part = self.socket.recv(1 << 20)
            assert part
            parts.append(part)
            tail = tail[-200:] + part
        self.data = b"".join(parts)
        self.socket.close()

    @property
    def numbers(self) -> list[int]:
        return [int(each) for each in re.findall(rb": number (\d+) of", self.data)]


def test_a_slow_tail_loses_its_own_lines_and_nobody_elses(folder: Folder) -> None:
    os.mkfifo(folder.path / "go")
    folder.write("Procfile", FLOOD)
    console = folder.path / "console"
    with open(console, "wb") as out:
        running = folder.start(stdout=out)
    wait_until(lambda: b"Running flood@" in console.read_bytes(), "it runs")
    slow, quick = Tail(running, receive=4096), Tail(running)
    reader = threading.Thread(target=quick.read)
    reader.start()
    (folder.path / "go").write_text("x")
    reader.join(PATIENCE)
    slow.read()
    assert quick.numbers == list(range(1, 150_001))
    assert b"L11" not in quick.data
    losses = re.findall(
        rb"heroku\[logplex\]: Error L11 \(Tail buffer overflow\) -> This tail session dropped "
        rb"(\d+) messages since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\.\n",
        slow.data,
    )
    assert losses
    assert sum(map(int, losses)) + len(slow.numbers) == 150_000
    assert slow.numbers == sorted(slow.numbers)
    shown = console.read_bytes()
    assert (shown.count(b": number "), shown.count(b"L11")) == (150_000, 0)
