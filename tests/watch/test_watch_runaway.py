from __future__ import annotations

from localku.watch.runaway import MANY, WINDOW, Runaway


def test_a_person_who_saves_is_never_muted() -> None:
    runaway = Runaway()
    for n in range(100):
        assert runaway.judge(["app.py"], n * 2.0) == (["app.py"], [])


def test_a_file_that_changes_at_every_start_is_muted_and_told_once() -> None:
    runaway = Runaway()
    told = [runaway.judge(["data"], n * 0.2) for n in range(MANY + 5)]
    assert told[: MANY - 1] == [(["data"], [])] * (MANY - 1)
    assert told[MANY - 1] == ([], ["data"])
    assert told[MANY:] == [([], [])] * 5


def test_other_files_go_on() -> None:
    runaway = Runaway()
    for n in range(MANY):
        runaway.judge(["data"], n * 0.1)
    assert runaway.judge(["data", "app.py"], 1.0) == (["app.py"], [])


def test_it_counts_again_after_a_quiet_time() -> None:
    runaway = Runaway()
    for n in range(MANY):
        runaway.judge(["data"], n * 0.1)
    assert runaway.judge(["data"], MANY * 0.1 + WINDOW) == (["data"], [])


def test_it_forgets_what_was_long_ago() -> None:
    runaway = Runaway()
    for n in range(1000):
        runaway.judge([f"file{n}"], n * 1.0)
    assert len(runaway._seen) < 20
