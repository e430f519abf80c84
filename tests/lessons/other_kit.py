"""A lesson's app as somebody else might have written it, and the check's verdict on it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from conftest import Folder

from localku.lessons import course, verdict
from localku.lessons.verdict import Verdict

# two or three seconds each: what they try changes with the lessons only
asked_for = pytest.mark.skipif(
    os.environ.get("LOCALKU_TEST_LESSONS") != "all",
    reason="it takes seconds; LOCALKU_TEST_LESSONS=all runs it",
)
ALL = {lesson.name: lesson for lesson in course.all_lessons()}


def verdict_on(
    name: str, tmp_path: Path, *changes: tuple[str, str], solved: bool = False, **files: str
) -> Verdict:
    """Run start/ (or the solution) and judge it. changes: what stands in web.py, and what is to
    stand there. files: whole ones, with `_` for the dot of their names."""
    lesson = ALL[name]
    root = tmp_path / lesson.folder
    course.lay_out(lesson, str(root), str(tmp_path / "data"), solved=solved)
    web = root / "web.py"
    text = web.read_text()
    for old, new in changes:
        assert old in text, f"web.py has no {old!r}"
        text = text.replace(old, new)
    web.write_text(text)
    for key, content in files.items():
        (root / key.replace("_", ".")).write_text(content)
    running = Folder(root).start()
    try:
        assert running.port
        client = verdict.app_in(str(root))
        assert client is not None, running.text
        found = asyncio.run(verdict.judge(lesson, client, str(root), lambda text: None))
    finally:
        running.destroy()
        print(running.text)
    print(f"saw {found.saw}, wrong: {found.wrong!r}, look: {found.look!r}")
    return found
