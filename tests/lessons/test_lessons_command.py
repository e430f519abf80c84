"""`localku learn`: the course folder, its progress, and what a learner is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Folder, processes_with, wait_until

from localku.errors import UserError
from localku.lessons import command, course, pages, paper, place, progress, verdict

FIRST = course.all_lessons()[0]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a course in it, in which we are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCALKU_COURSE", raising=False)
    command.main("learn:init", [])
    return tmp_path / "localku-course"


class Learner:
    """What somebody types, and reads."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def types(self, words: str) -> tuple[int, str]:
        """`verify 1`: the exit status, and what was said on stdout and stderr."""
        first, *rest = words.split()
        self.capsys.readouterr()
        status = command.main("learn" if first == "learn" else f"learn:{first}", rest)
        out, err = self.capsys.readouterr()
        return status, out + err


@pytest.fixture
def learner(capsys: pytest.CaptureFixture[str]) -> Learner:
    return Learner(capsys)


def test_without_a_course(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, learner: Learner
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ("learn", "list", "verify"):
        with pytest.raises(UserError, match="no localku-course here .*learn init"):
            learner.types(words)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        learner.types("init full")
    assert learner.types("init mine")[0] == 0
    with pytest.raises(UserError, match="there already"):
        learner.types("init mine")
    assert learner.types("list --course mine")[0] == 0


def test_the_state_and_the_next_step(there: Path, learner: Learner) -> None:
    status, said = learner.types("learn")
    assert status == 0
    assert f"Lesson 1 of {len(course.all_lessons())}: {FIRST.title}" in said
    assert f"cd {there}/{FIRST.folder}; localku start" in said
    assert "\x1b" not in said
    facts = json.loads(learner.types("learn --json")[1])
    assert (facts["done"], facts["current"]) == (0, FIRST.folder)
    assert "0 of" in learner.types("list")[1]


def test_the_app_that_does_not_run(there: Path, learner: Learner) -> None:
    status, said = learner.types("verify")
    assert status == 1
    assert f"cd {there}/{FIRST.folder}; localku start" in said
    told = json.loads(learner.types("verify --json")[1])
    assert (told["done"], told["lesson"]) == (False, FIRST.folder)


def test_hints_come_one_after_another(there: Path, learner: Learner) -> None:
    numbers = [learner.types("hint")[1].splitlines()[0] for _ in range(4)]
    assert numbers == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3", "Hint 3 of 3"]
    assert "3 hints" in learner.types("list")[1]


def test_reset_and_solution_keep_what_the_learner_wrote(there: Path, learner: Learner) -> None:
    mine = there / FIRST.folder / "web.py"
    mine.write_text("mine")
    (there / "data" / FIRST.folder / "rows").write_text("kept")
    (there / FIRST.folder / ".localku").mkdir()
    with pytest.raises(UserError, match="--yes"):
        learner.types("reset")
    assert mine.read_text() == "mine"
    assert learner.types("reset --yes")[0] == 0
    assert mine.read_bytes() == course.files(FIRST, "start")["web.py"]
    assert not (there / FIRST.folder / ".localku").exists()
    [data, kept] = sorted(there.glob("backups/*"), key=lambda path: not path.name.endswith("-data"))
    assert ((kept / "web.py").read_text(), (data / "rows").read_text()) == ("mine", "kept")
    assert (kept / ".localku").is_dir()
    status, said = learner.types("solution")
    assert status == 0
    assert "--- start/web.py" in said
    assert "+++ solution/web.py" in said
    mine.write_text("again mine")
    assert learner.types("solution --apply")[0] == 0
    assert mine.read_bytes() == course.files(FIRST, "solution")["web.py"]
    assert "again mine" in {path.read_text() for path in there.glob("backups/*/web.py")}
    assert "IX  solution" in learner.types("list")[1]


def test_next_and_goto(there: Path, learner: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Lesson 2 of" in learner.types("next")[1]
    assert "Lesson 3 of" in learner.types("goto port")[1]
    monkeypatch.chdir(there / "02_config")
    assert "Lesson 2 of" in learner.types("learn")[1]
    with pytest.raises(UserError, match="no lesson 99"):
        learner.types("goto 99")
    with pytest.raises(UserError, match="which lesson"):
        learner.types("goto")


def test_next_says_that_an_app_still_runs(there: Path, learner: Learner) -> None:
    second = course.all_lessons()[1]
    assert f"Terminal 1:  cd {there}/{second.folder}" in learner.types("next")[1]
    running = Folder(there / FIRST.folder).start()
    try:
        assert running.port
        said = learner.types(f"goto {second.number}")[1]
        assert "Ctrl-C ends lesson 1, which runs there." in said
        assert f"{' ' * 13}cd {there}/{second.folder}; localku start" in said
        assert "Ctrl-C" not in learner.types("goto 1")[1]
    finally:
        running.destroy()


def test_a_page_that_is_longer_than_the_screen_says_how_to_read_it() -> None:
    small = paper.Paper(80, 24, colored=False, utf8=True)
    assert "a screen at a time: `localku learn read | less`" in pages.whole(small, FIRST)[-1]
    endless = paper.Paper(80, 0, colored=False, utf8=True)
    assert pages.whole(endless, FIRST) == endless.page(FIRST.readme())


def test_a_broken_progress_is_kept_aside(there: Path, learner: Learner) -> None:
    for text in ("{half", "[]", '{"done": {"01_start": 5}}', '{"current": 7}'):
        (there / progress.FILE).write_text(text)
        said = learner.types("list")[1]
        assert "was broken" in said
        assert "was broken" not in learner.types("list")[1]
        assert text in {path.read_text() for path in there.glob(f"{progress.BROKEN}*")}
    assert len(list(there.glob(f"{progress.BROKEN}*"))) == 4


def test_verify_that_is_ended_ends_the_app_that_it_started(there: Path) -> None:
    argv = [sys.executable, "-m", "localku", "learn", "verify", "1", "--start"]
    folder = str(there / FIRST.folder)
    with subprocess.Popen(argv, cwd=there, stdout=subprocess.DEVNULL) as proc:
        wait_until(lambda: verdict.app_in(folder), "the app runs")
        proc.send_signal(signal.SIGTERM)
        assert proc.wait(20) == 128 + signal.SIGTERM
    assert not processes_with(folder)


def test_verify_starts_the_app_and_ends_it(there: Path, learner: Learner) -> None:
    mark = Folder(there)
    os.environ["LOCALKU_TEST_MARK"] = mark.mark
    try:
        learner.types("solution 1 --apply")
        status, said = learner.types("verify 1 --start")
    finally:
        del os.environ["LOCALKU_TEST_MARK"]
    assert status == 0, said
    assert "Well done: lesson 1" in said
    assert "learn next" in said
    assert json.loads((there / progress.FILE).read_text())["done"].keys() == {FIRST.folder}
    (there / FIRST.folder / "Procfile").write_text("no colon\n")
    with pytest.raises(UserError, match="did not start\n.*Procfile:1"):
        learner.types("verify 1 --start")


def test_watch_verifies_when_a_file_is_saved(folder: Folder) -> None:
    lesson = course.all_lessons()[1]
    place.make(str(folder.path), course.all_lessons())
    watching = folder.run("learn", "watch", "2")
    watching.wait_for("Open a second terminal")
    app = folder.start("--root", lesson.folder)
    assert app.port
    watching.wait_for("Not yet")
    folder.write(f"{lesson.folder}/web.py", course.files(lesson, "solution")["web.py"].decode())
    watching.wait_for("Well done: lesson 2", timeout=30)
    assert watching.wait() == 0
    assert "Traceback" not in watching.text


def test_paper_wraps_and_colours() -> None:
    it = paper.Paper(40, colored=True, utf8=True)
    lines = it.para("see `localku learn` and more words than fit into one line", "  ", "- ")
    assert lines[0].startswith("- see \x1b[36mlocalku learn\x1b[0m")
    assert lines[1].startswith("  ")
    plain = paper.Paper(40, colored=False, utf8=False)
    page = plain.page(
        "# Title\n\nOne `two`\nthree.\n\n1. first\n   more\n2. second\n\n```\na  b\n```\n"
    )
    assert page == [
        "Title",
        "",
        "One `two` three.",
        "",
        "1. first more",
        "2. second",
        "",
        "    a  b",
    ]
    marked = "**Two** *words*, 2 * 3 * 4, `**kept**`, <https://a.b>"
    assert paper.Paper(80, colored=False, utf8=False).page(marked) == [
        "Two words, 2 * 3 * 4, `**kept**`, https://a.b"
    ]
    table = "| word | what |\n|---|---|\n| `a` | one |\n| `b` | two |\n"
    assert plain.page(table) == ["- `a`: one", "- `b`: two"]
    assert paper.section("# A\n## Task\n\ndo\n\n## Why\nx\n", "Task") == "do"
