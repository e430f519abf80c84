"""Each lesson: its solution passes its check."""

from __future__ import annotations

from pathlib import Path

import pytest
from lesson_kit import ALL, judged

from localku.lessons.lesson import Lesson


@pytest.mark.parametrize("lesson", ALL, ids=lambda lesson: lesson.folder)
def test_the_solution_passes(lesson: Lesson, tmp_path: Path) -> None:
    found = judged(lesson, tmp_path, solved=True)
    assert found.passed, f"{found.wrong} ({found.look}); it saw {found.saw}"
    assert found.saw, "who is done wants to see why"
