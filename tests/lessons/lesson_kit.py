"""A lesson's app, started as a learner starts it, and its check on it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from conftest import Folder

from localku.lessons import course, verdict
from localku.lessons.lesson import Lesson
from localku.lessons.verdict import Verdict

ALL = course.all_lessons()


def judged(lesson: Lesson, tmp_path: Path, *, solved: bool) -> Verdict:
    """Copy start/ (with solution/ over it), run it, check it, stop it."""
    name = "solved" if solved else "start"
    root = tmp_path / name / lesson.folder
    course.lay_out(lesson, str(root), str(tmp_path / name / "data"), solved=solved)
    folder = Folder(root)
    running = folder.start()
    try:
        assert running.port
        client = verdict.app_in(str(root))
        assert client is not None, running.text
        found = asyncio.run(verdict.judge(lesson, client, str(root), lambda text: None))
    except BaseException:
        print(running.text)
        raise
    finally:
        running.destroy()
    print(f"{name}: saw {found.saw}, wrong: {found.wrong!r}, look: {found.look!r}")
    print(running.text)
    return found
