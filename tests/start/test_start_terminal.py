"""In a terminal: Ctrl-C, a closed window, colours, a pty for each dyno."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time

import pytest
from conftest import LOCALKU, PATIENCE, Folder, processes_with, wait_until

from localku.platform.platform import ECHO


class Screen:
    """A terminal window with `localku` as its foreground job."""

    def __init__(self, folder: Folder, *argv: str) -> None:
        self.folder = folder
        self.master, self.slave = os.openpty()
        env = folder.environ(TERM="xterm-256color")
        env.pop("NO_COLOR", None)
        self.proc = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$@" <> "$0" >&0 2>&0', os.ttyname(self.slave), LOCALKU, *argv],
            cwd=folder.path,
            env=env,
            start_new_session=True,
        )
        self.text = ""
        self.open = True
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        while self.open:
            if select.select([self.master], [], [], 0.02)[0]:
                self.text += os.read(self.master, 65536).decode("utf-8", "replace")

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.text, f"{text!r} in {self.text!r}")

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> None:
        """Close the window: the kernel hangs up its session."""
        if self.open:
            self.open = False
            self.reader.join()  # a read that waits would keep the terminal open
            os.close(self.slave)
            os.close(self.master)

    def destroy(self) -> None:
        self.close()
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait(PATIENCE)
        for pid in processes_with(self.folder.mark):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def screen(folder: Folder):  # type: ignore[no-untyped-def]
    opened: list[Screen] = []

    def make(*argv: str) -> Screen:
        opened.append(Screen(folder, *argv))
        return opened[-1]

    yield make
    for window in opened:
        window.destroy()


REPORT = (
    'python3 -u -c "import signal, sys, time\n'
    "def on(n, f):\n    print('got', n)\n    n == 15 and sys.exit(0)\n"
    "for n in (1, 2, 15): signal.signal(n, on)\n"
    "print('ready', sys.stdout.isatty(), sys.stdin.isatty())\n"
    'while True: time.sleep(1)"'
)


def test_ctrl_c_reaches_the_dyno_as_one_sigterm(folder: Folder, screen) -> None:  # type: ignore[no-untyped-def]
    folder.write("report.py", REPORT[len('python3 -u -c "') : -1])
    folder.write("Procfile", "worker: exec python3 -u report.py\n")
    window = screen("start", "-p", "0")
    window.wait_for("ready True True")
    window.type(b"\x03")
    assert window.proc.wait(PATIENCE) == 130
    assert window.text.count("got") == 1
    assert "got 15" in window.text
    assert not processes_with(folder.mark)


def test_a_second_ctrl_c_kills_at_once(folder: Folder, screen) -> None:  # type: ignore[no-untyped-def]
    folder.write(
        "Procfile", "worker: trap '' TERM INT HUP; echo ready; while :; do sleep 1; done\n"
    )
    window = screen("start", "-p", "0", "--grace", "60", "--shutdown-grace", "60")
    window.wait_for("ready")
    window.type(b"\x03")
    window.wait_for("SIGTERM")
    time.sleep(2 * ECHO)  # a person's second press, not an echo of the first
    window.type(b"\x03")
    assert window.proc.wait(PATIENCE) == 130
    assert not processes_with(folder.mark)


def test_a_closed_window_leaves_nothing(folder: Folder, screen) -> None:  # type: ignore[no-untyped-def]
    folder.write(
        "Procfile", "worker: trap '' HUP; echo ready; (setsid sleep 900 &); sleep 901; :\n"
    )
    window = screen("start", "-p", "0")
    window.wait_for("ready")
    window.wait_for("Running")
    os.kill(window.proc.pid, 0)
    window.close()
    window.proc.wait(PATIENCE)
    wait_until(lambda: not processes_with(folder.mark), "nothing is left", 5)


def test_colours_are_the_dynos_own_in_a_terminal(folder: Folder, screen) -> None:  # type: ignore[no-untyped-def]
    folder.write(
        "Procfile", "a: echo plain; exec sleep 60\nb: test -t 1 && echo tty; exec sleep 60\n"
    )
    window = screen("start", "-p", "0")
    window.wait_for("plain")
    window.wait_for("tty")
    lines = [line for line in window.text.splitlines() if "plain" in line or "tty" in line]
    colours = {line.split("m", 1)[0] for line in lines}
    assert len(colours) == 2
    assert all(colour.startswith("\x1b[") for colour in colours)


def test_no_pty_means_a_pipe(folder: Folder, screen) -> None:  # type: ignore[no-untyped-def]
    folder.write("Procfile", "a: test -t 1 || echo a pipe; exec sleep 60\n")
    screen("start", "-p", "0", "--no-pty").wait_for("a pipe")


def test_a_pipe_gets_no_colours_and_pty_can_be_asked_for(folder: Folder) -> None:
    folder.write("Procfile", "a: test -t 1 && echo a tty; exec sleep 60\n")
    app = folder.start("--pty")
    app.wait_for(r"^\S+ app\[a\.1\]: a tty$")
    assert "\x1b" not in app.text


def test_python_output_is_seen_as_it_is_printed(folder: Folder) -> None:
    folder.write(
        "tick.py", "import time\nfor n in range(1000):\n    print(n)\n    time.sleep(0.1)\n"
    )
    folder.write("Procfile", "a: exec python3 tick.py\n")
    folder.start().wait_for(r"app\[a\.1\]: 2$", timeout=5)


def test_a_partial_line_is_shown_and_holds_nobody_back(folder: Folder) -> None:
    folder.write(
        "Procfile",
        "asks: printf 'Password: '; exec sleep 60\nticks: while sleep 0.3; do echo tick; done\n",
    )
    app = folder.start()
    app.wait_for(r"app\[asks\.1\]: Password: ")
    app.wait_for("tick", count=2)
    app.wait_for(r"^\S+ app\[asks\.1\]: Password: $")
