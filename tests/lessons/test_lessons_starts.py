"""Each lesson: what it starts with fails its check, and says what is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lesson_kit import ALL, judged

from localku.lessons.lesson import Lesson


@pytest.mark.parametrize("lesson", ALL, ids=lambda lesson: lesson.folder)
def test_the_start_fails(lesson: Lesson, tmp_path: Path) -> None:
    found = judged(lesson, tmp_path, solved=False)
    assert not found.passed, f"the flaw is not seen; it saw {found.saw}"
    assert re.search(lesson.start_says, found.wrong), found.wrong
    assert "could not make sense" not in found.wrong
