"""The debounce policy, over tables of histories. Times in milliseconds."""

from __future__ import annotations

import pytest

from localku.watch.debounce import Debounce


def tellings(changes: list[int], quiet: int = 20, cap: int = 1000) -> list[int]:
    """When a history of changes (ms) is told (ms), played by the policy itself."""
    debounce = Debounce(quiet / 1000, cap / 1000)
    told: list[int] = []
    now = 0.0
    for at in [*changes, None]:
        while (wait := debounce.wait(now)) is not None:
            due = now + wait
            if at is not None and due > at / 1000:
                break
            now = due
            debounce.fire(now)
            told.append(round(now * 1000))
        if at is not None:
            now = at / 1000
            debounce.touch(now)
    return told


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([0], [20], id="one save"),
        pytest.param([0, 2, 5, 9], [29], id="an atomic save"),
        pytest.param([0, 5000], [20, 5020], id="two saves far apart"),
        pytest.param([0, 300, 600, 900], [20, 320, 620, 920], id="four saves are all quick"),
        pytest.param(
            [0, 300, 600, 900, 1200], [20, 320, 620, 920, 1300], id="a fifth in two seconds waits"
        ),
        pytest.param(
            [0, 300, 600, 900, 1200, 2700],
            [20, 320, 620, 920, 1300, 2720],
            id="a second of calm makes it quick again",
        ),
        pytest.param([0, 120], [20, 220], id="a formatter after a save"),
        pytest.param([*range(12), 80], [180], id="many files at once have more time"),
        pytest.param(list(range(0, 5000, 600)), list(range(20, 5000, 600)), id="a busy person"),
        pytest.param(list(range(0, 300, 3)), [397], id="a checkout of 300 ms is one"),
        pytest.param(list(range(0, 1401, 5)), [1000, 1500], id="past the cap it is told once more"),
    ],
)
def test_a_history_is_told_at(changes: list[int], expected: list[int]) -> None:
    assert tellings(changes) == expected


@pytest.mark.parametrize("step", [1, 10, 50, 100, 150, 300, 450], ids="{} ms apart".format)
def test_a_build_of_two_seconds_is_told_a_few_times(step: int) -> None:
    assert 1 <= len(tellings(list(range(0, 2000, step)))) <= 6


def test_a_build_of_a_minute_is_told_ever_more_seldom_but_told() -> None:
    told = tellings(list(range(0, 60_000, 30)))
    assert 5 <= len(told) <= 12
    assert max(b - a for a, b in zip(told, told[1:], strict=False)) <= 8100


def test_what_was_dropped_leaves_no_trace() -> None:
    debounce = Debounce(0.02)
    debounce.touch(1.0)
    assert debounce.is_pending
    debounce.drop()
    assert debounce.wait(1.0) is None
    debounce.touch(2.0)
    assert debounce.wait(2.0) == pytest.approx(0.02)


def test_a_quiet_time_longer_than_the_cap_is_kept() -> None:
    assert tellings([0], quiet=3000, cap=1000) == [3000]


def test_a_git_at_work_is_waited_for() -> None:
    debounce = Debounce(0.02)
    debounce.touch(0.0)
    for tenth in range(5):
        assert debounce.hold(0.02 + tenth / 10, "lock 1")
        assert debounce.wait(0.02 + tenth / 10) == pytest.approx(0.1)
        debounce.touch(0.05 + tenth / 10)
    debounce.fire(0.52)
    debounce.touch(0.7)
    assert debounce.wait(0.7) == pytest.approx(0.02)


def test_a_lock_that_stays_is_waited_for_once() -> None:
    debounce = Debounce(0.02)
    debounce.touch(0.0)
    assert debounce.hold(2.9, "lock 1")
    assert not debounce.hold(3.0, "lock 1")
    debounce.fire(3.0)
    debounce.touch(9.0)
    assert not debounce.hold(9.02, "lock 1")
    assert debounce.hold(9.02, "lock 2")
