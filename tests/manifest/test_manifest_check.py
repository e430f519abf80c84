"""`localku check`: what it prints, and its exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from localku.cli import check
from localku.manifest import envfile, peers, remarks

NOTE = "localku start would not start this app"


def run(capsys: pytest.CaptureFixture[str], root: Path, *argv: str) -> tuple[int, list[str]]:
    status = check.main("check", [*argv, "-d", str(root)])
    return status, capsys.readouterr().out.replace(f"{root}/", "").splitlines()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LOCALKU_")] + ["PORT"]:
        monkeypatch.delenv(name, raising=False)


def test_a_good_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "Procfile").write_text("web: sh app.sh\nworker: sleep 1\nrelease: true\n")
    (root / ".env").write_text("A=s3cret\n")
    status, lines = run(capsys, root, "-m", "web=2,worker=0")
    assert lines == [
        "shop: 2 dynos, router at http://localhost:5006",
        "  TYPE     DYNOS  PORT       COMMAND",
        "  web      2      5106-5107  sh app.sh",
        "  worker   0      -          sleep 1",
        "  release  0      -          true",
        "release is not a dyno: it runs on Heroku before a new release starts",
        "1 config var from .env",
    ]
    assert status == 0


def test_a_bad_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Procfile").write_text("web:\nWorker:sleep 1\n")
    (tmp_path / ".env").write_text("A-B=s3cret\nURL=s3cret#x\n")
    status, lines = run(capsys, tmp_path)
    assert lines == [
        ".env:1: A-B cannot name a config var (use letters, digits and _, with no digit first)",
        'Procfile:1: process type web has no command (write "web: <command>")',
        f"2 problems: {NOTE}",
        "Works here, but:",
        "  Procfile:2: Heroku may call the process type Worker worker",
        "  Procfile:2: Heroku's classic parser, overmind and hivemind want a blank after the colon",
        "  .env:2: URL: honcho, heroku local: cut at the #",
    ]
    assert status == 1


def test_a_program_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Procfile").write_text("web: no-such-program --x\nb: sleep 1\n")
    status, lines = run(capsys, tmp_path)
    assert lines[:2] == [
        "Procfile:1: web: command not found: no-such-program"
        " (install it, or put its folder on PATH)",
        f"1 problem: {NOTE}",
    ]
    assert status == 1
    assert run(capsys, tmp_path, "b")[0] == 0, "a type that is not started needs no program"


def test_no_folder_and_bad_variables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, lines = run(capsys, tmp_path / "nope")
    assert lines == [f"--root: there is no such folder: {tmp_path}/nope", f"1 problem: {NOTE}"]
    assert status == 1
    monkeypatch.setenv("LOCALKU_GRACE", "x")
    assert run(capsys, tmp_path)[0] == 1


@pytest.mark.parametrize(("text", "status"), [("web: sleep 1\n", 0), ("web\n", 1), (None, 1)])
def test_the_command(tmp_path: Path, text: str | None, status: int) -> None:
    if text is not None:
        (tmp_path / "Procfile").write_text(text)
    command = [sys.executable, "-m", "localku.cli.check"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (status, "")
    assert found.stdout


# --- what would differ elsewhere ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # peers.md, 0.2: what foreman, honcho and heroku local make of it
        ("K=v", []),
        ("K='a b'", []),
        ("export K=v", ["foreman, honcho, heroku local: left out"]),
        ("K = v", ["foreman: left out"]),
        ("K=a b c", ["honcho: without its blanks"]),
        ("K=v # c", ["foreman: the comment is in it"]),
        ("K=v#c", ["honcho, heroku local: cut at the #"]),
        ('K={"a": 1}', ["honcho: without its quotes, blanks or backslashes"]),
        ("K=C:\\new", ["honcho: without its quotes, blanks or backslashes"]),
        ("K=it's", ["honcho: an error"]),
        ('K="a\\nb"', ["heroku local: \\n stays two characters"]),
        ("K='a\\nb'", ["honcho: \\n becomes a line break"]),
        ('K="a\nb"', ["foreman: first line only", "honcho, heroku local: an error"]),
        ('K="a\\"b"', ["heroku local: cut at the inner quote"]),
        ("K=${X}", ["foreman, honcho, heroku local: ${...} is not expanded"]),
        ("K=${N:-d}", ["foreman, honcho, heroku local: ${...} is not expanded"]),
        ("K=", ["honcho, heroku local: left out"]),
    ],
)
def test_how_others_read_a_line(line: str, expected: list[str]) -> None:
    found = remarks.of_envfile(line, ".env", {"X": "ex"})
    assert found == [(".env:1", f"K: {what}") for what in expected]


@pytest.mark.parametrize(
    ("line", "foreman", "honcho", "heroku_local"),
    [
        # peers.md, 0.2, the values themselves
        ("K=a b c", "a b c", "abc", "a b c"),
        ("K=v # c", "v # c", "v", "v"),
        ('K={"a": 1}', '{"a": 1}', "{a:1}", '{"a": 1}'),
        ("K=C:\\new", "C:\\new", "C:new", "C:\\new"),
        ('K="a\\nb"', "a\nb", "a\nb", "a\\nb"),
        ("K='a\\nb'", "a\\nb", "a\nb", "a\\nb"),
        ('K="a\\"b"', 'a"b', 'a"b', "a\\"),
        ("K=", "", None, None),
    ],
)
def test_the_peers_as_they_were_measured(
    line: str, foreman: str | None, honcho: str | None, heroku_local: str | None
) -> None:
    assert (peers.foreman(line) or {}).get("K") == foreman
    assert (peers.honcho(line) or {}).get("K") == honcho
    assert (peers.heroku_local(line) or {}).get("K") == heroku_local


def test_other_remarks_on_config_vars() -> None:
    assert remarks.of_envfile("\ufeffA=1\nHEROKU_X=1\n", ".env", {}) == [
        (".env:1", "foreman, honcho and overmind lose A: a byte order mark is before it"),
        (".env:2", "Heroku keeps names such as HEROKU_X for itself"),
    ]
    assert remarks.of_config({"A": "x" * 65_536}) == [
        ("", "65537 bytes of config vars: Heroku takes 65536 at most")
    ]
    assert envfile.parse("A=1").warnings == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # peers.md, 0.1
        ("web: x", []),
        ("web: x # c", []),
        ("my-worker: x", ["heroku local refuses the process type my-worker for its dash"]),
        ("my_worker: x", ["Heroku may call the process type my_worker my-worker"]),
        ("Web: x", ["Heroku may call the process type Web web"]),
        ("2web: x", []),
        (
            "web:cmd",
            ["Heroku's classic parser, overmind and hivemind want a blank after the colon"],
        ),
        ("  # c", ["heroku local fails on a comment that is indented"]),
        (
            "\ufeffweb: x",
            ["honcho, foreman and heroku local lose this line: a byte order mark is before it"],
        ),
        (
            "-web: x",
            [
                "Heroku refuses the process type -web: a dash stands first or last",
                "heroku local refuses the process type -web for its dash",
            ],
        ),
        (
            "w" * 64 + ": x",
            [f"Heroku refuses the process type {'w' * 64}: more than 63 characters"],
        ),
        ("web: x\r\n", []),
    ],
)
def test_remarks_on_procfile_lines(line: str, expected: list[str]) -> None:
    found = remarks.of_procfile(line, "Procfile")
    assert found == [("Procfile:1", what) for what in expected]


def test_remarks_on_process_types(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Procfile").write_text("worker: sleep 1\nWorker: sleep 1\n")
    status, lines = run(capsys, tmp_path)
    assert status == 0
    assert lines[:4] == [
        "Works here, but:",
        "  Procfile:2: Heroku may call the process type Worker worker",
        "  no web process: the router answers every request with H14",
        "  Procfile:2: Heroku may take Worker and worker for one process type",
    ]
