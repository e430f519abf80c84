"""Which lines of the platform are marks on the time line."""

from __future__ import annotations

import pytest

from localku.metrics.marks import EPISODE, Episodes, Mark, read

LINES = {
    "release": ("app", "api", "Release v7 created by user you@localhost", "release", ""),
    "scale": ("app", "api", "Scaled to web@2:Standard-1X by user you@localhost", "scale", ""),
    "config": ("app", "api", "Set A, B config vars by user you@localhost", "config", ""),
    "maintenance": ("app", "api", "Maintenance mode enabled by user x", "maintenance", ""),
    "restart": ("heroku", "web.1", "Restarting", "restart", ""),
    "crash": ("heroku", "web.1", "State changed from up to crashed", "crash", ""),
    "R14": ("heroku", "web.1", "Error R14 (Memory quota exceeded)", "error", "R14"),
    "R10": ("heroku", "web.1", "Error R10 (Boot timeout) -> Web process", "error", "R10"),
}
NO_MARKS = {
    "of an app": ("app", "web.1", "Release v7 created by user x"),
    "an error of an app": ("app", "web.1", "Error R14 (Memory quota exceeded)"),
    "up": ("heroku", "web.1", "State changed from starting to up"),
    "start": ("heroku", "web.1", "Starting process with command `x`"),
    "run": ("app", "api", "Running web@1:Standard-1X on http://localhost"),
}


@pytest.mark.parametrize(("source", "dyno", "line", "kind", "code"), LINES.values(), ids=LINES)
def test_a_mark(source: str, dyno: str, line: str, kind: str, code: str) -> None:
    where = dyno if source == "heroku" else ""
    assert read(5.5, source, dyno, line) == Mark(5.5, kind, line, code, where)


@pytest.mark.parametrize(("source", "dyno", "line"), NO_MARKS.values(), ids=NO_MARKS)
def test_no_mark(source: str, dyno: str, line: str) -> None:
    assert read(5.5, source, dyno, line) is None


def test_a_code_that_goes_on_is_told_once() -> None:
    episodes = Episodes()
    assert episodes.is_news("H12", "", 0)
    assert not any(episodes.is_news("H12", "", now) for now in range(1, 200, 20))
    assert episodes.is_news("R14", "web.1", 200)
    assert episodes.is_news("R14", "web.2", 200)
    assert episodes.is_news("H12", "", 181 + EPISODE + 1)
