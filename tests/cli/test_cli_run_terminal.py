"""`localku run` at a real terminal: a pty of ours."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PATIENCE, Folder, Running, wait_until
from desk_kit import Desk

UNIQUE = "5432.75"


class Shop:
    """A running app, and people at terminals who run something in it."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        folder.write("Procfile", "web: exec python3 -m http.server --bind 127.0.0.1 $PORT\n")
        self.running: Running = folder.start(env={"PYTHON_BASIC_REPL": "1"})
        _ = self.running.port
        self.desks: list[Desk] = []

    def run(self, *argv: str, rows: int = 24, columns: int = 80) -> Desk:
        desk = Desk(self.folder.path, "run", *argv, rows=rows, columns=columns)
        self.desks.append(desk)
        return desk


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path: Path = tmp_path_factory.mktemp("run") / "shop"
    path.mkdir()
    it = Shop(Folder(path))
    yield it
    for desk in it.desks:
        desk.close()
    it.running.destroy()


def test_a_console_works_and_its_status_comes_through(shop: Shop) -> None:
    desk = shop.run("python3", "-i", "-q")
    desk.see(">>> ")
    desk.type("print('it is', 6 * 7)\r")
    desk.see(r"it is 42\r\n>>> ")
    desk.type("import time; time.sleep(600)\r")
    desk.see(r"sleep\(600\)\r\n")
    wait_until(desk.is_raw, "keys go through")
    desk.type(b"\x03")
    desk.see(r"KeyboardInterrupt\r\n>>> ")
    desk.type("exit(3)\r")
    assert desk.end() == 3
    assert desk.is_restored()


def test_the_window_and_its_changes_are_the_commands(shop: Shop) -> None:
    traps = 'trap "stty size" WINCH; trap "exit 9" INT'
    command = f"{traps}; stty size; echo $TERM; while :; do sleep 0.05; done"
    desk = shop.run(command, rows=33, columns=101)
    desk.see(r"33 101\r\ndumb\r\n")
    desk.resize(20, 60)
    desk.see(r"20 60\r\n")
    desk.type(b"\x03")
    assert desk.end() == 9
    assert desk.is_restored()


def test_ctrl_d_and_ctrl_backslash_are_keys(shop: Shop) -> None:
    desk = shop.run("cat; trap 'exit 6' QUIT; echo over; while :; do sleep 0.05; done")
    desk.see(r"up, run\.")
    wait_until(desk.is_raw, "keys go through")
    desk.type("x\r")
    desk.see(r"x\r\nx\r\n")
    desk.type(b"\x04")
    desk.see(r"\nover\r\n")
    desk.type(b"\x1c")
    assert desk.end() == 6


def test_job_control_works_in_a_shell(shop: Shop) -> None:
    desk = shop.run("bash --norc --noprofile")
    desk.see(r"[$#] ")
    desk.type("sh -c 'echo begun; exec sleep 600'\r")
    desk.see(r"\nbegun\r\n")
    desk.type(b"\x1a")
    desk.see("Stopped")
    desk.type("test -t 0 -a -t 1 -a -t 2 && echo all three\r")
    desk.see(r"\nall three\r\n")
    desk.type("exit 7\rexit 7\r")  # the first one is told that there are stopped jobs
    assert desk.end() == 7


def test_no_tty_is_none(shop: Shop) -> None:
    desk = shop.run("--no-tty", "test -t 1 || echo plain")
    assert desk.end() == 0
    assert b"plain" in desk.screen


def test_a_closed_window_ends_the_command(shop: Shop) -> None:
    desk = shop.run(f"echo begun; exec sleep {UNIQUE}")
    desk.see(r"\nbegun\r\n")
    os.close(desk.master)
    desk.master = os.open(os.devnull, os.O_RDWR)
    assert desk.proc.wait(PATIENCE) in (128 + signal.SIGHUP, -signal.SIGHUP)
    shop.running.wait_for("Client connection closed. Sending SIGHUP to all processes")
    shop.running.wait_for("Process exited with status 129")


def test_a_signal_leaves_and_restores_the_terminal(shop: Shop) -> None:
    desk = shop.run("echo begun; exec sleep 600")
    desk.see(r"\nbegun\r\n")
    wait_until(desk.is_raw, "keys go through")
    desk.proc.send_signal(signal.SIGTERM)
    assert desk.end() == 128 + signal.SIGTERM
    assert desk.is_restored()


def test_a_flood_is_shown_to_its_end(shop: Shop) -> None:
    desk = shop.run("seq 100000; echo done")
    assert desk.end() == 0
    assert desk.screen.endswith(b"99999\r\n100000\r\ndone\r\n")


def test_a_platform_that_is_killed_leaves_nothing(folder: Folder) -> None:
    shop = Shop(folder)
    desk = shop.run(f"trap '' HUP TERM; (setsid sleep {UNIQUE} &); echo begun; sleep {UNIQUE}; :")
    try:
        desk.see(r"\nbegun\r\n")
        wait_until(desk.is_raw, "keys go through")
        shop.running.signal(signal.SIGKILL)
        assert desk.end() == 1
        assert b"the platform went away" in desk.screen
        assert desk.is_restored()
        shop.running.assert_nothing_left()
    finally:
        desk.close()
