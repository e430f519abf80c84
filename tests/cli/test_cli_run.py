"""`localku run` with pipes in place of a terminal, `run:detached`, `run:inside` and `ps:exec`."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

from localku.cli.entry import own_words
from localku.cli.runwords import joined, read_env, split, without_app
from localku.errors import UserError

PROCFILE = """\
web: exec python3 -m http.server --bind 127.0.0.1 $PORT
worker: exec sleep 600
count: echo counted
release: echo migrated
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """One platform for all of the file; what a run says is told apart by its own words."""
    path = tmp_path_factory.mktemp("run") / "shop"
    path.mkdir()
    folder = Folder(path)
    folder.write("Procfile", PROCFILE)
    folder.write(".env", "GREETING=hello you\n")
    running = folder.start("-m", "count=0", "--time-scale", "0.1")
    _ = running.port
    running.wait_for(r"heroku\[web\.1\]: State changed from starting to up$")
    yield folder
    running.destroy()


def run(shop: Folder, *argv: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [LOCALKU, *argv],
        cwd=shop.path,
        timeout=PATIENCE,
        **{"stdin": subprocess.DEVNULL, "capture_output": True, **options},
    )


def log(shop: Folder) -> Running:
    return shop.started[0]


STATUSES = {
    "true": 0,
    "exit 3": 3,
    "kill -9 $$": 137,
    "kill -TERM $$": 143,
    "no-such-thing-at-all": 127,
}


@pytest.mark.parametrize(("command", "status"), STATUSES.items(), ids=STATUSES)
def test_the_exit_status_is_the_commands(shop: Folder, command: str, status: int) -> None:
    assert run(shop, "run", command).returncode == status


def test_the_two_streams_are_two_and_progress_is_on_stderr(shop: Folder) -> None:
    done = run(shop, "run", "echo out; echo err >&2")
    assert done.stdout == b"out\n"
    progress, rest = done.stderr.split(b"\n", 1)
    assert progress.decode().startswith("Running echo out; echo err >&2 on ⬢ shop... up, run.")
    assert rest == b"err\n"


def test_it_has_the_apps_environment(shop: Folder) -> None:
    done = run(
        shop, "run", "-e", "A=1;B=two words", 'echo "$GREETING/$A/$B/$DYNO/$PS"; test $PORT -gt 0'
    )
    assert done.returncode == 0
    greeting, a, b, dyno, ps = done.stdout.decode().rstrip().split("/")
    assert (greeting, a, b) == ("hello you", "1", "two words")
    assert dyno == ps
    assert dyno.startswith("run.")
    assert f"up, {dyno}\n" in done.stderr.decode()


def test_ten_megabytes_go_through_unchanged(shop: Folder) -> None:
    data = os.urandom(10_000_000)
    done = run(shop, "run", "cat", stdin=None, input=data)
    assert done.returncode == 0
    assert hashlib.md5(done.stdout).digest() == hashlib.md5(data).digest()


def test_a_file_is_read_to_its_end(shop: Folder) -> None:
    path = shop.write("text", "a\nb\n")
    with path.open("rb") as file:
        assert run(shop, "run", "wc", "-l", stdin=file).stdout.split() == [b"2"]


def test_a_command_that_leaves_its_input_is_not_waited_for(shop: Folder) -> None:
    endless = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    try:
        assert run(shop, "run", "head -1", stdin=endless.stdout).stdout == b"y\n"
    finally:
        endless.kill()
        endless.wait(PATIENCE)
        assert endless.stdout is not None
        endless.stdout.close()


def test_a_reader_that_goes_ends_the_command(shop: Folder) -> None:
    unique = "7654.25"
    script = f"'{LOCALKU}' run 'yes & sleep {unique}' | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=shop.path, capture_output=True, timeout=PATIENCE
    )
    assert done.stdout == b"y\n141\n"
    wait_until(lambda: not processes_of(shop, unique), "nothing of it is left")


def processes_of(shop: Folder, word: str) -> list[int]:
    found = []
    for pid in log(shop).survivors():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            pass
    return found


def client(shop: Folder, command: str) -> subprocess.Popen[bytes]:
    """A `localku run` whose command has said `ready`."""
    proc = subprocess.Popen(
        [LOCALKU, "run", command],
        cwd=shop.path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert proc.stdout is not None
    assert proc.stdout.readline() == b"ready\n"
    return proc


def close(proc: subprocess.Popen[bytes]) -> None:
    proc.kill()
    proc.wait(PATIENCE)
    for stream in (proc.stdin, proc.stdout):
        if stream is not None:
            stream.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_client_that_is_killed_takes_the_command_with_it(shop: Folder, how: int) -> None:
    unique = f"6000.{how}"
    proc = client(shop, f"trap 'touch hup{how}; exit' HUP; echo ready; sleep {unique} & wait")
    try:
        proc.send_signal(how)
        assert proc.wait(PATIENCE) == (-how if how == signal.SIGKILL else 128 + how)
        wait_until((shop.path / f"hup{how}").exists, "the command got SIGHUP")
        wait_until(lambda: not processes_of(shop, unique), "nothing of it is left")
    finally:
        close(proc)


def test_ctrl_c_without_a_terminal_is_forwarded(shop: Folder) -> None:
    proc = client(
        shop, "trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.1; done"
    )
    try:
        proc.send_signal(signal.SIGINT)
        assert proc.stdout is not None
        assert proc.stdout.read() == b"interrupted\n"
        assert proc.wait(PATIENCE) == 5
    finally:
        close(proc)


def test_one_that_ignores_sighup_is_r16_and_can_be_stopped(shop: Folder) -> None:
    proc = client(shop, "trap '' HUP; echo ready; exec sleep 5555")
    close(proc)
    match = log(shop).wait_for(r"heroku\[(run\.\d+)\]: Error R16 \(Detached\)")
    assert log(shop).text.count(f"heroku[{match[1]}]: Client connection closed.") == 3
    assert f"{match[1]} (Standard-1X): up " in run(shop, "ps").stdout.decode()
    assert run(shop, "ps:stop", match[1]).returncode == 0
    log(shop).wait_for(rf"heroku\[{match[1]}\]: State changed from up to complete$")
    assert match[1] not in run(shop, "ps").stdout.decode()


def test_a_command_that_is_stopped_tells_its_client(shop: Folder) -> None:
    proc = client(shop, "echo ready; exec sleep 600")
    try:
        [name] = [w for w in run(shop, "ps").stdout.decode().split() if w.startswith("run.")]
        assert run(shop, "ps:stop", name).returncode == 0
        assert proc.wait(PATIENCE) == 143
    finally:
        close(proc)


def test_a_process_type_stands_for_its_command(shop: Folder) -> None:
    assert run(shop, "run", "count", "42", "two words").stdout == b"counted 42 two words\n"


def test_so_does_release_which_is_no_dyno(shop: Folder) -> None:
    assert run(shop, "run", "release").stdout == b"migrated\n"


def test_what_a_command_leaves_behind_goes_with_it(shop: Folder) -> None:
    done = run(shop, "run", "sleep 4321.5 & echo over")
    assert (done.returncode, done.stdout) == (0, b"over\n")
    wait_until(lambda: not processes_of(shop, "4321.5"), "nothing of it is left")


def test_detached_it_speaks_to_the_log(shop: Folder) -> None:
    done = run(shop, "run:detached", "echo to the log; exit 4")
    name = done.stdout.decode().split("--dyno ")[1].split()[0]
    hint = f"Run localku logs --app shop --dyno {name} to view the output.\n"
    assert (done.returncode, done.stdout.decode()) == (0, hint)
    assert done.stderr.decode() == (f"Running echo to the log; exit 4 on ⬢ shop... done, {name}\n")
    log(shop).wait_for(rf"heroku\[{name}\]: State changed from up to complete$")
    said = [line.split(" ", 1)[1] for line in log(shop).lines if f"[{name}]" in line]
    assert said == [
        f"heroku[{name}]: Starting process with command `echo to the log; exit 4`",
        f"heroku[{name}]: State changed from starting to up",
        f"app[{name}]: to the log",
        f"heroku[{name}]: Process exited with status 4",
        f"heroku[{name}]: State changed from up to complete",
    ]
    command = "Starting process with command `echo to the log; exit 4`"
    assert f"app[api]: {command} by user you@localhost\n" in log(shop).text


def test_attached_the_log_tells_only_of_it(shop: Folder) -> None:
    done = run(shop, "run", "echo not to the log")
    name = done.stderr.decode().split("up, ")[1].strip()
    log(shop).wait_for(rf"heroku\[{name}\]: State changed from up to complete$")
    said = [line.split(" ", 1)[1] for line in log(shop).lines if f"[{name}]" in line]
    assert said == [
        f"heroku[{name}]: Awaiting client",
        f"heroku[{name}]: Starting process with command `echo not to the log`",
        f"heroku[{name}]: State changed from starting to up",
        f"heroku[{name}]: Process exited with status 0",
        f"heroku[{name}]: State changed from up to complete",
    ]


def test_inside_a_dyno_it_has_its_name_and_port(shop: Folder) -> None:
    served = run(shop, "run:inside", "web.1", "echo $DYNO; curl -s localhost:$PORT/Procfile")
    assert served.stdout.decode() == f"web.1\n{PROCFILE}"
    assert run(shop, "ps:exec", "-d", "worker", "--", "printenv", "DYNO").stdout == b"worker.1\n"
    assert run(shop, "ps:exec", stdin=None, input=b"echo $DYNO\n").stdout == b"web.1\n"
    missing = run(shop, "run:inside", "web.9", "true")
    assert missing.returncode == 1
    assert b"Couldn't find that process (web.9)" in missing.stderr


WRONG = {
    "no command": (["run"], 2, "run which command?"),
    "no dyno": (["run:inside"], 2, "inside which dyno?"),
    "a bad size": (["run", "-s", "huge", "true"], 1, "No such dyno size as 'huge'"),
    "a bad variable": (["run", "-e", "A", "true"], 2, "A is not KEY=value"),
    "an unknown flag": (["run", "--nosuch", "true"], 2, "--nosuch"),
    "another app": (["run", "true", "now", "--app", "other"], 1, "not other"),
}


@pytest.mark.parametrize(("argv", "status", "text"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(shop: Folder, argv: list[str], status: int, text: str) -> None:
    done = run(shop, *argv)
    assert (done.returncode, done.stdout) == (status, b"")
    assert text in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_without_a_platform_the_way_is_shown(folder: Folder) -> None:
    done = run(folder, "run", "true")
    assert done.returncode == 1
    assert b"localku start" in done.stderr


def test_the_end_of_the_platform_ends_it(folder: Folder) -> None:
    folder.write("Procfile", "worker: exec sleep 600\n")
    running = folder.start()
    _ = running.port
    proc = client(folder, "echo ready; exec sleep 600")
    try:
        running.signal(signal.SIGTERM)
        assert proc.wait(PATIENCE) == 143
        assert running.wait() == 143
        running.assert_nothing_left()
    finally:
        close(proc)


JOINED = {
    ("echo $HOME | cat",): "echo $HOME | cat",
    ("rake", "db:migrate"): "rake db:migrate",
    ("echo", "two words", "x"): 'echo "two words" x',
    ("echo", 'say "hi"'): 'echo "say \\"hi\\""',
    ("echo", "it's"): "echo it's",
}


@pytest.mark.parametrize(("words", "line"), JOINED.items())
def test_words_are_joined_as_herokus_cli_does(words: tuple[str, ...], line: str) -> None:
    assert joined(list(words)) == line


SPLIT = {
    "flags, then the command's own": (
        ["-s", "basic", "--no-tty", "ls", "-a", "-e"],
        (["-s", "basic", "--no-tty"], ["ls", "-a", "-e"]),
    ),
    "--": (["-x", "--", "ls"], (["-x"], ["--", "ls"])),
    "a value in one word": (["--env=A=1", "env"], (["--env=A=1"], ["env"])),
}  # fmt: skip


@pytest.mark.parametrize(("argv", "parts"), SPLIT.values(), ids=SPLIT)
def test_ours_and_the_commands(argv: list[str], parts: tuple[list[str], list[str]]) -> None:
    assert split(argv) == parts


def test_the_app_may_come_last_as_in_herokus_documents() -> None:
    assert without_app(["rake", "db:migrate", "--app", "shop"]) == (["rake", "db:migrate"], "shop")
    assert without_app(["--", "x", "--app", "shop"]) == (["--", "x", "--app", "shop"], "")


def test_variables_are_read() -> None:
    assert read_env("A=1;B=x=y;") == {"A": "1", "B": "x=y"}
    with pytest.raises(UserError):
        read_env("=1")


def test_help_of_the_command_is_the_commands() -> None:
    assert own_words("run", ["-x", "ls", "--help"]) == ["-x"]
    assert own_words("run", ["--help"]) == ["--help"]
    assert own_words("ps", ["web", "--help"]) == ["web", "--help"]
