"""Every lesson has all its parts, and they fit."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from pathlib import Path

import pathspec
import pytest
import yaml
from lesson_kit import ALL

from localku.errors import UserError
from localku.lessons import course, lesson, paper
from localku.lessons.lesson import Lesson

each_lesson = pytest.mark.parametrize("it", ALL, ids=lambda it: it.folder)


def test_they_are_numbered_without_a_gap() -> None:
    assert [it.number for it in ALL] == list(range(1, len(ALL) + 1))


@each_lesson
def test_the_app(it: Lesson) -> None:
    start, solution = course.files(it, course.START), course.files(it, course.SOLUTION)
    assert "Procfile" in start
    assert solution, "a solution"
    assert all(start.get(path) != content for path, content in solution.items()), (
        "only what differs"
    )
    known = {Path(path).stem for path in {*start, *solution}}
    for path, content in [*start.items(), *solution.items()]:
        if path.endswith(".py"):
            tree = ast.parse(content)
            for node in ast.walk(tree):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                for name in names:
                    first = name.split(".")[0]
                    assert first in sys.stdlib_module_names or first in known, f"{path}: {name}"


def test_the_wheel_leaves_nothing_out() -> None:
    """hatchling leaves out what git ignores."""
    root = Path(__file__).resolve().parents[2]
    ignored = pathspec.GitIgnoreSpec.from_lines((root / ".gitignore").read_text().splitlines())
    for it in ALL:
        for part in (course.START, course.SOLUTION):
            place = Path(it.path).relative_to(root) / part
            paths = [f"{place}/{path}" for path in course.files(it, part)]
            assert not list(ignored.match_files(paths))


@each_lesson
def test_the_page(it: Lesson) -> None:
    text = it.readme()
    lines = text.splitlines()
    assert len(lines) <= 90, "one page"
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    assert max(map(len, prose.splitlines())) <= 150
    code = "".join(re.findall(r"^```.*?^```", text, flags=re.MULTILINE | re.DOTALL))
    assert max(map(len, code.splitlines())) <= 76, "it stands in 80 columns, set in by four"
    assert re.match(rf"# {it.number}\. ", text), "its number and title"
    assert paper.section(text, "Task"), "what `localku learn` shows"
    assert text.count("```") % 2 == 0
    for title in ("What you will see", "Why", "Read on"):
        assert f"## {title}" in text


@each_lesson
def test_the_words(it: Lesson) -> None:
    re.compile(it.start_says)
    assert len(it.title) <= 46
    assert len(it.goal) <= 120
    assert all(len(line) <= 120 for line in it.learned)
    check = importlib.import_module(it.check).check
    assert inspect.iscoroutinefunction(check)


BAD = {
    "a key is missing": lambda value: value.pop("goal"),
    "another key": lambda value: value.update(gaol="x"),
    "two hints": lambda value: value["hints"].pop(),
    "minutes in words": lambda value: value.update(minutes="five"),
    "an empty title": lambda value: value.update(title=" "),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
def test_a_lesson_that_is_not_whole(spoil: object, tmp_path: Path) -> None:
    value = yaml.safe_load(Path(ALL[0].path, lesson.FILE).read_text())
    spoil(value)  # type: ignore[operator]
    path = tmp_path / "01_bad"
    path.mkdir()
    (path / lesson.FILE).write_text(yaml.safe_dump(value))
    with pytest.raises(UserError, match="^01_bad/lesson.yml: "):
        lesson.read(str(path))


def test_the_data_folder_is_outside_the_slug(tmp_path: Path) -> None:
    source = tmp_path / "course" / "01_rows"
    (source / "start").mkdir(parents=True)
    (source / "start" / ".env").write_text("DATABASE_URL=sqlite:///{data}/rows.db\n")
    text = Path(ALL[0].path, lesson.FILE).read_text()
    (source / lesson.FILE).write_text(text)
    (source / "README.md").write_text("# 1. Rows\n")
    it = course.all_lessons(str(source.parent))[0]
    course.lay_out(it, str(tmp_path / "mine"), str(tmp_path / "data"))
    assert (tmp_path / "mine" / ".env").read_text() == (
        f"DATABASE_URL=sqlite:///{tmp_path}/data/rows.db\n"
    )
    assert (tmp_path / "data").is_dir()
