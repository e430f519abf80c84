"""`localku logs`: what it prints, in pipes and on a terminal, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until
from shell_kit import shell

from localku.cli.logs import Painter
from localku.logs.palette import RESET, Palette

APP = """\
web: exec python3 -m http.server --bind 127.0.0.1 $PORT
talk: printf 'one\\ntwo\\n'; exec 3<>pipe; while read -r line <&3; do echo heard $line; done
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("logs") / "shop"
    root.mkdir()
    os.mkfifo(root / "pipe")
    folder = Folder(root)
    folder.write("Procfile", APP)
    running = folder.start("--pty")
    running.wait_for(r"app\[talk\.1\]: two$")
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
    yield running
    running.destroy()


def test_the_newest_lines(shop: Running) -> None:
    done = shop.cli("logs", "-n", "2")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert set(lines) <= set(shop.lines)
    assert shop.cli("logs").stdout.splitlines()[-2:] == lines


FILTERS = {
    "a type": (["-p", "talk"], {"one", "two"}),
    "an older flag": (["--ps", "talk"], {"one", "two"}),
    "a dyno": (["-d", "talk.1", "-s", "app"], {"one", "two"}),
    "another type": (["--process-type", "nosuch"], set()),
}


@pytest.mark.parametrize(("argv", "texts"), FILTERS.values(), ids=FILTERS)
def test_filters(shop: Running, argv: list[str], texts: set[str]) -> None:
    done = shop.cli("logs", "-s", "app", *argv)
    assert {line.split(": ", 1)[1] for line in done.stdout.splitlines()} >= texts
    assert ("[talk.1]" in done.stdout) == bool(texts)


def test_json(shop: Running) -> None:
    found = [
        json.loads(line)
        for line in shop.cli("logs", "--json", "-s", "app").stdout.split("\n")
        if line
    ]
    assert {"one", "two"} <= {each["message"] for each in found}


def test_the_talks_line(shop: Running) -> None:
    """`localku logs -t -p router | awk`: connect, service and status, as requests come. (mawk waits
    for 4 KiB of a pipe or its end, so that the end has to come.)"""
    logs = [LOCALKU, "logs", "-t", "-p", "router"]
    awk = ["sh", "-c", "tee seen | awk '{print $10,$11,$12}'"]
    with (
        subprocess.Popen(logs, cwd=shop.cwd, stdout=subprocess.PIPE) as tail,
        subprocess.Popen(
            awk, cwd=shop.cwd, stdin=tail.stdout, stdout=subprocess.PIPE, text=True
        ) as reader,
    ):
        assert tail.stdout is not None
        tail.stdout.close()
        seen = shop.cwd / "seen"
        shell(shop.cwd, f"curl -s -o /dev/null http://localhost:{shop.port}/")
        wait_until(lambda: seen.exists() and "status=200" in seen.read_text(), "the line came")
        tail.send_signal(signal.SIGINT)
        try:
            out, _ = reader.communicate(timeout=PATIENCE)
        finally:
            tail.kill()  # where whoever runs the tests has SIGINT ignored, nothing else ends it
    connect, service, status = out.splitlines()[0].split()
    assert (connect[:8], service[:8], status) == ("connect=", "service=", "status=200")


def test_a_reader_that_has_enough_ends_it_at_once(shop: Running) -> None:
    """Though no line comes any more: the end of the pipe itself is seen."""
    done = shell(shop.cwd, "localku logs -t -n 5 -p talk | head -1; echo ${PIPESTATUS[0]}")
    first, status = done.stdout.splitlines()
    assert "talk.1" in first
    assert (status, done.stderr) == ("141", "")


def test_lines_come_one_by_one(shop: Running) -> None:
    tail = subprocess.Popen(
        [LOCALKU, "logs", "-t", "-s", "app", "-p", "talk"], cwd=shop.cwd, stdout=subprocess.PIPE
    )
    assert tail.stdout is not None
    try:
        while not tail.stdout.readline().endswith(b": two\n"):  # it is there, and follows
            pass
        for word in (b"a", b"b"):
            with open(shop.cwd / "pipe", "wb") as pipe:
                pipe.write(word + b"\n")
            assert tail.stdout.readline().endswith(b": heard " + word + b"\n")
    finally:
        tail.send_signal(signal.SIGINT)
        assert tail.wait(PATIENCE) == 130
        tail.stdout.close()


def test_colours_on_a_terminal(shop: Running) -> None:
    for argv, env, colored in (
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        (["--json"], {}, False),
    ):
        master, slave = pty.openpty()
        done = subprocess.Popen(
            [LOCALKU, "logs", "-n", "1", *argv], cwd=shop.cwd, stdout=slave,
            env={**os.environ, "TERM": "xterm", **env},
        )  # fmt: skip
        os.close(slave)
        text = os.read(master, 65536)
        assert done.wait(PATIENCE) == 0
        os.close(master)
        assert (b"\x1b[" in text) == colored, (argv, text)


HEAD = b"2026-11-24T10:00:00.000000+00:00 app[web.1]:"


def test_the_painter_takes_any_pieces() -> None:
    text = HEAD + b" a \x1b[31mred\n" + HEAD + b" b\nno head\n" + HEAD + b" par"
    code = Palette(["web"]).code("web.1")
    wanted = code + HEAD + RESET + b" a \x1b[31mred" + RESET + b"\n" + code + HEAD + RESET
    wanted += b" b\nno head\n" + code + HEAD + RESET + b" par"
    for step in (1, 7, 40, 1000):
        painter = Painter(Palette(["web"]))
        pieces = [text[start : start + step] for start in range(0, len(text), step)]
        assert b"".join(painter.paint(piece) for piece in pieces) == wanted


BAD = {
    "a number": (["logs", "-n", "x"], 2),
    "below zero": (["logs", "-n", "-1"], 2),
    "a word": (["logs", "web"], 2),
}


def test_what_is_refused(shop: Running) -> None:
    for what, (argv, status) in BAD.items():
        done = shop.cli(*argv)
        assert (done.returncode, done.stdout) == (status, ""), what
        assert done.stderr.startswith("localku: "), what


def test_the_end_of_the_platform(folder: Folder) -> None:
    folder.write("Procfile", "a: exec sleep 600\n")
    running = folder.start()
    running.wait_for("State changed from starting to up")
    tail = folder.run("logs", "-t", "-n", "1")
    tail.wait_for(r"heroku|app\[")
    running.signal(signal.SIGTERM)
    assert tail.wait() == 0
    assert "The platform has ended.\n" in tail.text
