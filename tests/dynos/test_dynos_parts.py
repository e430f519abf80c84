"""Ports, process table, frames, command lookup: the small parts."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from localku import frames
from localku.dynos import ports, tree
from localku.dynos.command import missing, program, with_exec
from localku.dynos.spec import DynoSpec, base_environment, environment


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python app.py", "python"),
        ("exec gunicorn app:app", "gunicorn"),
        ("RAILS_ENV=test exec bin/rails s", "bin/rails"),
        ("A=1 B=2 ./run", "./run"),
        ("cd app && python x.py", ""),
        ("$SHELL -c x", ""),
        ('"my program" x', ""),
        ("(a; b)", ""),
        ("while true; do :; done", ""),
        ("A=$(date) x", ""),
        ("~/bin/x", ""),
        ("", ""),
    ],
)
def test_the_program_of_a_command_line(command: str, name: str) -> None:
    assert program(command) == name


@pytest.mark.parametrize(
    ("command", "run"),
    [
        ("python app.py --x='a b' $PORT > log", "exec python app.py --x='a b' $PORT > log"),
        ("exec python app.py", "exec python app.py"),
        ("cd app; python x.py", "cd app; python x.py"),
        ("a && b", "a && b"),
        ("a | b", "a | b"),
        ("A=1 a", "A=1 a"),
        ("echo one", "echo one"),
        ("a $(b)", "a $(b)"),
        ("a # exec", "a # exec"),
        ("if a; then b; fi", "if a; then b; fi"),
    ],
)
def test_a_simple_command_takes_the_shells_place(command: str, run: str) -> None:
    assert with_exec(command) == run


def test_a_program_that_is_not_there(tmp_path) -> None:  # type: ignore[no-untyped-def]
    script = tmp_path / "run"
    script.write_text("#!/bin/sh\n")
    assert missing("./run x", os.defpath, str(tmp_path)) == "./run"
    script.chmod(0o755)
    assert missing("./run x", os.defpath, str(tmp_path)) == ""
    assert missing("sh -c x", os.defpath, "/") == ""
    assert missing("no-such-program-here x", os.defpath, "/") == "no-such-program-here"
    assert missing("if x; then y; fi", os.defpath, "/") == ""


@pytest.mark.parametrize(
    ("family", "host"),
    [
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET, ""),
        (socket.AF_INET6, "::1"),
        (socket.AF_INET6, "::"),
    ],
)
def test_a_port_with_a_listener_is_not_free(family: int, host: str) -> None:
    with socket.socket(family) as holder:
        holder.bind((host, 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert not ports.is_free(port)
        book = ports.PortBook()
        assert book.take(port) != port
    assert ports.is_free(port)


def test_a_port_book_gives_no_port_twice() -> None:
    book = ports.PortBook()
    taken = [book.take(23000) for _ in range(20)]
    assert len(set(taken)) == 20
    book.give_back(taken[0])
    assert book.take(taken[0]) == taken[0]


def test_frames_carry_messages_in_any_pieces() -> None:
    messages = [("spawn", 1, ["sh"], {"A": "b" * 70000}, "/", "", 2), ("signal", 1, 15), ("gone",)]
    stream = b"".join(frames.pack(message) for message in messages)
    for size in (1, 3, 1000, len(stream)):
        inbox = frames.Unpacker()
        found = []
        for at in range(0, len(stream), size):
            found += list(inbox.feed(stream[at : at + size]))
        assert found == messages


def test_frames_keep_bytes_that_are_not_unicode() -> None:
    value = os.fsdecode(b"\xff\xfe=1")
    (found,) = frames.Unpacker().feed(frames.pack(("x", value)))
    assert os.fsencode(str(found[1])) == b"\xff\xfe=1"


def test_stat_of_a_process_with_a_wild_name() -> None:
    proc = tree.parse_stat(b"12 (a) (b c) S 3 4 5 0 -1")
    assert proc is not None
    assert (proc.pid, proc.parent, proc.group, proc.session) == (12, 3, 4, 5)
    assert tree.parse_stat(b"12 (dead) Z 3 4 5 0 -1") is None


def test_ps_where_there_is_no_proc() -> None:
    table = tree.parse_ps("    1     0     1 Ss\n  612     1   612 S+\n  613   612   612 Z\n")
    assert sorted(table) == [1, 612]
    assert table[612].session == 612


def test_descendants_are_found_below_a_root() -> None:
    rows = [(1, 0), (2, 1), (3, 2), (4, 2), (5, 4), (9, 1)]
    table = {pid: tree.Proc(pid, parent, pid, pid) for pid, parent in rows}
    assert {proc.pid for proc in tree.descendants(table, 2)} == {3, 4, 5}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_scan_sees_ourselves() -> None:
    found = tree.scan()[os.getpid()]
    assert (found.parent, found.session) == (os.getppid(), os.getsid(0))


def test_the_environment_of_a_dyno() -> None:
    parent = {"PATH": "/bin", "HOME": "/h", "A": "parent", "LOCALKU_DYNO_ID": "1.2"}
    base = base_environment(parent, {"A": "config", "B": ""})
    spec = DynoSpec("web.2", "serve", "/", base, 5107)
    env = environment(spec, 5107)
    assert env["A"] == "config", "config vars win over the surroundings, as in heroku local"
    assert env["B"] == ""
    assert (env["DYNO"], env["PS"], env["PORT"]) == ("web.2", "web.2", "5107")
    assert env["PYTHONUNBUFFERED"] == "1"
    assert "LOCALKU_DYNO_ID" not in env


def test_buffering_is_the_users_choice() -> None:
    assert base_environment({"PYTHONUNBUFFERED": ""}, {})["PYTHONUNBUFFERED"] == ""


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("serve -p $PORT", "serve -p 5106"),
        ("serve -p ${PORT}", "serve -p 5106"),
        ("serve -p ${PORT:-5000} $PORTAL", "serve -p ${PORT:-5000} $PORTAL"),
    ],
)
def test_the_command_as_the_log_shows_it(command: str, shown: str) -> None:
    assert DynoSpec("web.1", command, "/", {}, 0).shown(5106) == shown
