"""Bad input: one clear line, a status that is not zero, no traceback, nothing left running."""

from __future__ import annotations

import os
import socket

import pytest
from conftest import Folder


@pytest.mark.parametrize(
    ("files", "argv", "says"),
    [
        ({}, [], "no Procfile"),
        ({"Procfile": ""}, [], "Procfile"),
        ({"Procfile": "# nothing yet\n"}, [], "Procfile"),
        ({"Procfile": "web: a\nno colon here\n"}, [], "Procfile:2:"),
        ({"Procfile": "web: sleep 1\nweb: sleep 2\n"}, [], "Procfile:2:"),
        ({"Procfile": "web: sleep 1\nworker:\n"}, [], "Procfile:2:"),
        ({"Procfile": "web: sleep 1\n"}, ["wrk"], "wrk"),
        ({"Procfile": "web: sleep 1\n"}, ["-m", "web=x"], "web=x"),
        ({"Procfile": "web: sleep 1\n"}, ["-m", "wbe=2"], "web"),
        ({"Procfile": "web: sleep 1\n"}, ["-m", "web=-1"], "web=-1"),
        ({"Procfile": "web: sleep 1\n", ".env": "A='open\n"}, [], ".env:1:"),
        ({"Procfile": "web: sleep 1\n", ".env": "K-A=v\n"}, [], ".env:1:"),
        ({"Procfile": "web: sleep 1\n"}, ["-e", "other.env"], "other.env"),
        ({"Procfile": "web: sleep 1\n", "localku.yml": "grace: [\n"}, [], "localku.yml:"),
        ({"Procfile": "web: sleep 1\n", "localku.yml": "grase: 5\n"}, [], "grace"),
        ({"Procfile": "web: sleep 1\n", "app.json": "{"}, [], "app.json:"),
        ({"Procfile": "web: sleep 1\n"}, ["--grace", "soon"], "--grace"),
        ({"Procfile": "web: sleep 1\n"}, ["--gracee", "1"], "--grace"),
        ({"Procfile": "web: no-such-program --x\n"}, [], "Procfile:1: web: command not found"),
        ({"Procfile": "web: ./bin/web\n"}, [], "command not found: ./bin/web"),
    ],
)
def test_one_clear_line(folder: Folder, files: dict[str, str], argv: list[str], says: str) -> None:
    for name, text in files.items():
        folder.write(name, text)
    status, said = folder.fails("start", "-p", "0", *argv)
    assert status not in (0, None)
    assert says in said
    assert len(said.splitlines()) == 1
    assert said.startswith("localku: ")


def test_an_env_file_that_may_not_be_read(folder: Folder) -> None:
    folder.write("Procfile", "web: sleep 1\n")
    (folder.path / ".env").write_bytes(b"A=\xff\xfe\n")
    status, said = folder.fails("start", "-p", "0")
    assert status == 1
    assert ".env:1:" in said


def test_a_folder_that_is_not_there(folder: Folder) -> None:
    status, said = folder.fails("start", "--root", "nowhere")
    assert status == 1
    assert "nowhere" in said


def test_a_busy_port_names_its_holder(folder: Folder) -> None:
    folder.write("Procfile", "web: sleep 60\n")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        status, said = folder.fails("start", "-p", str(holder.getsockname()[1]))
    assert status == 1
    assert str(os.getpid()) in said
    assert len(said.splitlines()) == 1


def test_a_second_platform_in_the_same_folder_is_refused(folder: Folder) -> None:
    folder.write("Procfile", "worker: echo ready; exec sleep 60\n")
    app = folder.start()
    app.wait_for("ready")
    again = app.cli("start", "-p", "0")
    assert again.returncode == 1
    assert f"pid {app.proc.pid}" in again.stderr
    assert "Traceback" not in again.stderr
    assert app.proc.poll() is None


def test_a_platform_that_was_killed_does_not_block_the_next(folder: Folder) -> None:
    folder.write("Procfile", "worker: echo ready; exec sleep 60\n")
    app = folder.start()
    app.wait_for("ready")
    app.proc.kill()
    app.proc.wait()
    app.assert_nothing_left()
    folder.start().wait_for("ready")


def test_an_unknown_command_suggests(folder: Folder) -> None:
    status, said = folder.fails("strat")
    assert status == 2
    assert "did you mean `localku start`?" in said


def test_half_a_character_is_named_and_starts_nothing(folder: Folder) -> None:
    folder.write("Procfile", "web: sleep 60\n")
    folder.write("app.json", '{"env": {"A": "\\ud800y"}}')
    status, said = folder.fails("start", "-p", "0")
    assert (status, "half a character in the value of" in said) == (1, True), said
