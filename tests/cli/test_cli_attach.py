"""`localku attach` at a real terminal (a pty of ours) and with a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

REPL = "repl: exec python3 -i -q\n"
LEAVE = b"\x1d"  # Ctrl-]
ENV = {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"}
# the terminal is the command's own, so that the kernel sends it SIGWINCH
OWN_TERMINAL = """\
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
PDB = """\
def total(numbers):
    result = 0
    for number in numbers:
        breakpoint()
        result += number
    return result

print("total is", total([20, 22]), flush=True)
import time
time.sleep(600)
"""


class Desk:
    """A person at a terminal: types, and reads what the screen shows."""

    def __init__(self, cwd: Path, *argv: str, rows: int = 24, columns: int = 80) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.screen = b""
        self.proc = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, LOCALKU, *argv],
            cwd=cwd,
            env=ENV,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
        )

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str | bytes) -> None:
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def read(self, seconds: float) -> bool:
        """Whether something came within that time."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.screen += os.read(self.master, 65536)
        return True

    def see(self, pattern: str, count: int = 1) -> re.Match[bytes]:
        """Wait until the screen shows `pattern` (at least `count` times)."""
        deadline = time.monotonic() + PATIENCE
        while len(found := list(re.finditer(pattern.encode(), self.screen))) < count:
            assert time.monotonic() < deadline, f"no {pattern!r} on {self.screen!r}"
            self.read(0.05)
        return found[count - 1]

    def attached(self) -> None:
        """Wait until keys go to the dyno as they are."""
        self.see("Ctrl-] leaves")
        wait_until(self.is_raw, "the terminal is raw")

    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    def end(self) -> int:
        """Wait for the command's end; its status."""
        deadline = time.monotonic() + PATIENCE
        while self.proc.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.screen!r}"
            self.read(0.02)
        while self.read(0):
            pass
        return self.proc.returncode

    def is_restored(self) -> bool:
        return termios.tcgetattr(self.slave) == self.before

    def close(self) -> None:
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait(PATIENCE)
        os.close(self.master)
        os.close(self.slave)


class Office:
    """A running app and the desks at which people attach to it."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.desks: list[Desk] = []

    def start(self, procfile: str, *flags: str) -> Running:
        self.folder.write("Procfile", procfile)
        running = self.folder.start("--pty", *flags, env={"PYTHON_BASIC_REPL": "1", "TERM": "dumb"})
        for line in procfile.splitlines():
            dyno = rf"{line.split(':')[0]}\.1"
            running.wait_for(rf"heroku\[{dyno}\]: State changed from starting to up")
        return running

    def attach(self, dyno: str, rows: int = 24, columns: int = 80) -> Desk:
        desk = Desk(self.folder.path, "attach", dyno, rows=rows, columns=columns)
        self.desks.append(desk)
        desk.attached()
        return desk


@pytest.fixture
def office(folder: Folder) -> Iterator[Office]:
    it = Office(folder)
    yield it
    for desk in it.desks:
        desk.close()


def starts(running: Running, dyno: str) -> int:
    return running.text.count(f"heroku[{dyno}]: Starting process")


def test_a_repl_is_joined_and_left_and_lives_on(office: Office) -> None:
    running = office.start(REPL)
    desk = office.attach("repl.1")
    desk.see(">>> ")  # the prompt that waited before we came
    desk.type("answer = 6 * 7\r")
    desk.type("print('it is', answer)\r")
    desk.see(r"it is 42\r\n>>> ")
    desk.type(LEAVE)
    assert desk.end() == 0
    assert desk.is_restored()
    assert b"Detached: repl.1 runs on." in desk.screen
    running.wait_for(r"app\[repl\.1\]: it is 42$")
    second = office.attach("repl.1")
    second.type("print('still', answer)\r")
    second.see("still 42")
    second.type(LEAVE)
    assert second.end() == 0
    assert starts(running, "repl.1") == 1


def test_ctrl_c_goes_to_the_dyno_and_not_to_us(office: Office) -> None:
    running = office.start(REPL)
    desk = office.attach("repl.1")
    desk.type("import time; time.sleep(600)\r")
    desk.see(r"sleep\(600\)\r\n")
    time_to_sleep(running)
    desk.type(b"\x03")
    desk.see(r"KeyboardInterrupt\r\n>>> ")
    desk.type("print(1 + 1)\r")
    desk.see(r"\n2\r\n")
    desk.type(LEAVE)
    assert desk.end() == 0
    assert starts(running, "repl.1") == 1


def test_ctrl_c_goes_to_a_dyno_that_was_restarted_too(office: Office) -> None:
    """What the init process ignores, later runs must not inherit."""
    running = office.start(REPL)
    running.cli("ps:restart", "repl.1")
    running.wait_for(r"heroku\[repl\.1\]: Starting process", count=2)
    running.wait_for(r"app\[repl\.1\]: >>> ", count=2)
    desk = office.attach("repl.1")
    desk.type("import time; time.sleep(600)\r")
    desk.see(r"sleep\(600\)\r\n")
    time_to_sleep(running)
    desk.type(b"\x03")
    desk.see(r"KeyboardInterrupt\r\n>>> ")


def time_to_sleep(running: Running) -> None:
    """The REPL has taken the line (it is in the log) and sleeps."""
    running.wait_for(r"app\[repl\.1\]: .*sleep\(600\)$")


def test_a_debugger_is_found_waiting(office: Office) -> None:
    office.folder.write("app.py", PDB)
    running = office.start("job: exec python3 app.py\n")
    running.wait_for(r"app\[job\.1\]: \(Pdb\) ")
    desk = office.attach("job.1")
    desk.see(r"result \+= number\r\n\(Pdb\) ")
    desk.type("p number\r")
    desk.see(r"\n20\r\n")
    desk.type("c\r")
    desk.see(r"\(Pdb\) ", count=3)
    desk.type("p result + number\r")
    desk.see(r"\n42\r\n")
    desk.type("c\r")
    desk.see("total is 42")
    desk.type(LEAVE)
    assert desk.end() == 0
    running.wait_for(r"app\[job\.1\]: total is 42$")
    assert starts(running, "job.1") == 1


def test_the_dyno_has_the_size_of_the_terminal(office: Office) -> None:
    office.start(REPL)
    desk = office.attach("repl.1", rows=33, columns=101)
    ask = "import os; os.get_terminal_size()\r"
    desk.type(ask)
    desk.see("columns=101, lines=33")
    desk.resize(20, 60)

    def told() -> bool:
        desk.type(ask)
        return desk.read(0.2) and b"columns=60, lines=20" in desk.screen

    wait_until(told, "the new size is known")
    desk.type(LEAVE)
    assert desk.end() == 0
    second = subprocess.run(
        [LOCALKU, "attach", "repl.1"], input=b"os.get_terminal_size()\n",
        cwd=office.folder.path, capture_output=True, timeout=PATIENCE,
    )  # fmt: skip
    assert b"columns=80, lines=24" in second.stdout


def test_two_people_at_one_dyno(office: Office) -> None:
    office.start(REPL)
    one, two = office.attach("repl.1"), office.attach("repl.1")
    one.type("print('from', 'one')\r")
    two.see("from one")
    two.type("print('from', 'two')\r")
    one.see("from two")
    one.type(LEAVE)
    assert one.end() == 0
    two.type("print('two', 'alone')\r")
    two.see("two alone")


def test_the_end_of_the_dyno_is_told(office: Office) -> None:
    office.start(REPL, "--backoff-first", "300")
    desk = office.attach("repl.1")
    desk.type("exit()\r")
    assert desk.end() == 1
    assert re.search(rb"Detached: repl.1 (is restarting|crashed)\.\r\n$", desk.screen)
    assert desk.is_restored()


def test_a_restart_from_elsewhere_is_told(office: Office) -> None:
    running = office.start(REPL)
    desk = office.attach("repl.1")
    running.cli("ps:restart", "repl.1")
    assert desk.end() == 1
    assert b"Detached: repl.1 is restarting." in desk.screen
    assert desk.is_restored()


def test_the_end_of_the_platform_is_told(office: Office) -> None:
    running = office.start(REPL)
    desk = office.attach("repl.1")
    running.signal(signal.SIGINT)
    assert desk.end() == 1
    assert b"Detached: localku is stopping." in desk.screen
    assert desk.is_restored()
    assert running.wait() == 130
    running.assert_nothing_left()


def test_a_platform_that_is_killed_is_told(office: Office) -> None:
    running = office.start(REPL)
    desk = office.attach("repl.1")
    running.signal(signal.SIGKILL)
    assert desk.end() == 1
    assert b"Detached: " in desk.screen
    assert desk.is_restored()
    running.assert_nothing_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=str)
def test_a_signal_leaves_and_restores_the_terminal(office: Office, number: int) -> None:
    running = office.start(REPL)
    desk = office.attach("repl.1")
    desk.proc.send_signal(number)
    assert desk.end() == 128 + number
    assert desk.is_restored()
    assert starts(running, "repl.1") == 1


def test_a_closed_terminal_window_ends_it(office: Office) -> None:
    running = office.start(REPL)
    desk = office.attach("repl.1")
    os.close(desk.master)
    desk.master = os.open(os.devnull, os.O_RDWR)
    assert desk.proc.wait(PATIENCE) in (0, 1, 128 + signal.SIGHUP, -signal.SIGHUP)
    assert starts(running, "repl.1") == 1


# -- pipes ---------------------------------------------------------------------------------------


def pipe(folder: Folder, dyno: str, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LOCALKU, "attach", dyno], input=text, cwd=folder.path,
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip


def test_a_pipe_is_typed_and_its_end_leaves(office: Office) -> None:
    running = office.start(REPL)
    done = pipe(office.folder, "repl", "x = 6 * 7\nprint('it is', x)\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "it is 42\n" in done.stdout
    assert "it is 42\n" in pipe(office.folder, "repl.1", "print('it is', x)\n").stdout
    assert starts(running, "repl.1") == 1


def test_a_long_pipe_is_typed_whole(office: Office) -> None:
    office.start(REPL)
    lines = "".join(f"x{n} = {n}\n" for n in range(3000))
    done = pipe(office.folder, "repl.1", f"{lines}print('sum', sum([x0, x1500, x2999]))\n")
    assert done.returncode == 0
    assert "sum 4499\n" in done.stdout


def test_ctrl_right_bracket_in_a_pipe_is_a_byte_like_others(office: Office) -> None:
    office.start("cat: stty raw -echo; exec od -An -tx1 -w1 -v\n")
    done = pipe(office.folder, "cat.1", "a\x1db\n")
    assert done.stdout.split() == ["61", "1d", "62", "0a"]


def test_the_dynos_end_is_told_to_a_pipe(office: Office) -> None:
    office.start(REPL)
    done = pipe(office.folder, "repl.1", "exit()\n")
    assert done.returncode in (0, 1)  # 0 if our end came first
    if done.returncode == 1:
        assert "Detached: repl.1" in done.stderr


def test_what_cannot_be_attached_to(folder: Folder) -> None:
    folder.write("Procfile", "worker: exec sleep 600\nbad: exit 1\n")
    running = folder.start("--no-pty", "--backoff-first", "300", "--backoff-max", "300")
    running.wait_for(r"heroku\[bad\.1\]: Process exited with status 1$", count=2)
    cases = {
        "worker.1": (1, "worker.1 has no terminal: start the app with localku start --pty"),
        "nosuch": (1, "Couldn't find that process (nosuch.1)"),
    }
    for dyno, (status, message) in cases.items():
        done = pipe(folder, dyno, "")
        assert (done.returncode, done.stdout, done.stderr) == (status, "", f"localku: {message}\n")
    wait_until(lambda: "bad.1: crashed" in running.cli("ps", "bad").stdout, "bad.1 crashed")
    done = pipe(folder, "bad.1", "")
    assert done.stderr == "localku: bad.1 is crashed: there is no process to attach to\n"
    done = running.cli("attach")
    assert (done.returncode, done.stderr) == (
        2, "localku: attach to which dyno? (write localku attach web.1)\n",
    )  # fmt: skip


def test_without_a_platform(tmp_path: Path) -> None:
    done = subprocess.run(
        [LOCALKU, "attach", "web.1"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1
    assert "localku start" in done.stderr
