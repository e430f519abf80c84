"""`localku attach` with a pipe in place of a terminal, and where there is nothing to attach to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, wait_until
from desk_kit import REPL, Office, starts


@pytest.fixture
def office(folder: Folder) -> Iterator[Office]:
    it = Office(folder)
    yield it
    for desk in it.desks:
        desk.close()


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
