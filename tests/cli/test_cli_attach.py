"""`localku attach` at a real terminal: a pty of ours."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until
from desk_kit import REPL, Office, starts

LEAVE = b"\x1d"  # Ctrl-]
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


@pytest.fixture
def office(folder: Folder) -> Iterator[Office]:
    it = Office(folder)
    yield it
    for desk in it.desks:
        desk.close()


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
