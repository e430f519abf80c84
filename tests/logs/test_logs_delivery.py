"""When a drain gets what: batches, pauses, drops and L10, with the time given by the test."""

from __future__ import annotations

import re
from itertools import count

import pytest
from drain_frames import texts
from hypothesis import given, settings
from hypothesis import strategies as st

from localku.logs.backlog import MAX_BYTES, SLACK
from localku.logs.delivery import BATCH, Batch, Delivery, Times, is_refused, is_taken
from localku.logs.entry import Entry
from localku.logs.logplex import Framer

L10 = re.compile(
    rb"Error L10 \(output buffer overflow\): (\d+) messages dropped since (\d{4}-\S+)\.$"
)
TIMES = Times(retry=1.0, linger=0.1)


def make(messages: int = 1024, times: Times = TIMES, batch: int = BATCH) -> Delivery:
    ids = count(1)
    return Delivery(
        Framer(), lambda: f"{next(ids):032X}", times=times, messages=messages, batch=batch
    )


def offer(delivery: Delivery, *lines: str, time: float = 0.0) -> None:
    delivery.offer(Entry(time, "app", "web.1", "".join(f"{x}\n" for x in lines).encode()))


def batch(delivery: Delivery, now: float) -> Batch:
    step = delivery.step(now)
    assert isinstance(step, Batch), step
    return step


def said(one: Batch) -> list[str]:
    return [text.decode() for text in texts(one.body)]


def test_a_line_waits_a_moment_for_company() -> None:
    delivery = make()
    assert delivery.step(0) is None
    offer(delivery, "a")
    assert delivery.step(5) == pytest.approx(0.1)
    offer(delivery, "b")
    assert delivery.step(5.06) == pytest.approx(0.04)
    one = batch(delivery, 5.1)
    assert said(one) == ["a", "b"]
    assert (one.messages, one.tries) == (2, 1)


def test_a_full_batch_does_not_wait_and_is_never_larger() -> None:
    delivery = make()
    offer(delivery, *("x" * 1000 for _ in range(250)))
    sizes, now = [], 0.0
    while (step := delivery.step(now)) is not None:
        if isinstance(step, float):
            now += step
            continue
        sizes.append(len(step.body))
        delivery.succeeded(now)
    assert len(sizes) == 3 and all(size <= BATCH for size in sizes)
    assert BATCH - sizes[0] < 1100
    assert (delivery.delivered, now) == (250, 0.1)  # only the last one waited


def test_somebody_is_told_once_that_there_is_something_and_once_that_it_is_much() -> None:
    delivery = make()
    told: list[int] = []
    delivery.on_ready = lambda: told.append(delivery.waiting)
    for _ in range(3):
        offer(delivery, "a")
    assert told == [1]
    offer(delivery, *("x" * 5000 for _ in range(30)))
    offer(delivery, "b")
    assert told == [1, 33]


def test_what_failed_is_tried_again_as_it_was_after_pauses_that_double() -> None:
    delivery = make()
    offer(delivery, "a")
    delivery.step(0)
    one, now, pauses = batch(delivery, 0.1), 0.1, []
    kept = (one.id, one.body)
    for _ in range(8):
        offer(delivery, "more")
        delivery.failed(now, "connection refused")
        pause = delivery.step(now)
        assert isinstance(pause, float)
        pauses.append(round(pause, 6))
        now += pause
        again = batch(delivery, now)
        assert (again.id, again.body) == kept
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert delivery.trouble == "connection refused"
    delivery.succeeded(now)
    assert (delivery.trouble, delivery.delivered) == ("", 1)
    delivery.step(now)
    following = batch(delivery, now + 0.1)
    assert following.id != one.id
    assert said(following) == ["more"] * 8


def test_nothing_is_sent_twice_after_success() -> None:
    delivery = make()
    offer(delivery, "a")
    delivery.step(0)
    batch(delivery, 1)
    delivery.succeeded(1)
    assert delivery.step(2) is None


def test_a_drain_in_trouble_keeps_1024_lines_and_l10_counts_the_others() -> None:
    delivery = make()
    offer(delivery, "first", time=0)
    delivery.step(0)
    batch(delivery, 0.1)
    delivery.failed(0.1, "down")
    for number in range(3000):
        offer(delivery, f"n{number}", time=1_000_000_000 + number)
    assert (delivery.waiting, delivery.dropped) == (1025, 1976)
    batch(delivery, 2)
    delivery.succeeded(2)
    got = []
    while (step := delivery.step(10)) is not None:
        if isinstance(step, float):
            step = batch(delivery, 11)
        got += said(step)
        delivery.succeeded(11)
    lost = L10.match(got[0].encode())
    assert lost is not None
    assert (lost[1], lost[2]) == (b"1976", b"2001-09-09T01:46:40+00:00")
    assert got[1:] == [f"n{number}" for number in range(1976, 3000)]
    assert delivery.delivered == 1025


def test_a_burst_is_no_trouble() -> None:
    """One read of a busy pipe can hold thousands of lines: a drain that is well gets them all."""
    delivery = make()
    offer(delivery, *(str(number) for number in range(5000)))
    assert delivery.dropped == 0
    offer(delivery, *("x" for _ in range(1024 * SLACK)))
    assert delivery.waiting == 1024 * SLACK


def test_the_backlog_is_bounded_in_bytes() -> None:
    delivery = make(messages=10_000)
    for _ in range(2000):
        offer(delivery, "x" * 9999)
    assert delivery._backlog.size <= MAX_BYTES
    assert delivery.waiting + delivery.dropped == 2000


def test_what_a_receiver_refuses_is_dropped_and_counted() -> None:
    delivery = make()
    offer(delivery, "a", "b", time=5)
    delivery.step(0)
    batch(delivery, 1)
    delivery.refused(1, "status 400")
    assert (delivery.dropped, delivery.waiting) == (2, 0)
    assert delivery.step(1) is None  # an L10 alone is no reason to send
    offer(delivery, "c", time=7)
    delivery.step(1)
    one = batch(delivery, 2)
    assert one.messages == 2
    delivery.refused(2, "status 400")  # the L10 was not heard either
    offer(delivery, "d", time=9)
    delivery.step(2)
    got = said(batch(delivery, 3))
    assert got[0].endswith("3 messages dropped since 1970-01-01T00:00:05+00:00.")
    assert got[1:] == ["d"]
    assert delivery.dropped == 3


@pytest.mark.parametrize(
    ("status", "taken", "refused"),
    [
        (200, True, False),
        (204, True, False),
        (299, True, False),
        (301, False, False),
        (400, False, True),
        (401, False, True),
        (413, False, True),
        (429, False, False),
        (500, False, False),
        (503, False, False),
    ],
)
def test_what_a_status_means(status: int, taken: bool, refused: bool) -> None:
    """heroku.md 4.3."""
    assert (is_taken(status), is_refused(status)) == (taken, refused)


def test_at_the_end_nothing_waits_for_company_or_a_pause() -> None:
    delivery = make()
    offer(delivery, "a")
    delivery.step(0)
    batch(delivery, 0.1)
    delivery.failed(0.1, "down")
    delivery.offer(Entry(0, "app", "web.1", b"a prompt> "))
    delivery.end()
    assert said(batch(delivery, 0.2)) == ["a"]
    delivery.succeeded(0.2)
    assert said(batch(delivery, 0.2)) == ["a prompt> "]
    delivery.succeeded(0.2)
    assert delivery.step(0.2) is None


def test_a_pace_is_kept() -> None:
    delivery = make()
    delivery.pace(2.0)
    offer(delivery, "a")
    delivery.step(0)
    batch(delivery, 1)
    delivery.succeeded(1)
    offer(delivery, *("x" * 9000 for _ in range(20)))
    assert delivery.step(1.5) == pytest.approx(1.5)
    batch(delivery, 3)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 9), st.booleans()),
        st.tuples(st.sampled_from(["ok", "fail", "refuse"]), st.just(0), st.booleans()),
    ),
    max_size=60,
)


@settings(max_examples=200)
@given(actions=ACTIONS, limit=st.integers(1, 12), size=st.integers(60, 400))
def test_every_line_is_delivered_once_in_order_or_counted(
    actions: list[tuple[str, int, bool]], limit: int, size: int
) -> None:
    """Whatever happens: no line twice, none out of order, none lost without an L10 that says so."""
    delivery = make(messages=limit, batch=size)
    now, number, got, told = 0.0, 0, [], 0
    bodies: dict[str, bytes] = {}

    def attempt(outcome: str) -> None:
        nonlocal now, told
        step = delivery.step(now)
        if isinstance(step, float):
            now += step
            step = delivery.step(now)
        if step is None:
            return
        assert isinstance(step, Batch)
        assert bodies.setdefault(step.id, step.body) == step.body
        if outcome == "fail":
            delivery.failed(now, "x")
        elif outcome == "refuse":
            delivery.refused(now, "x")
        else:
            delivery.succeeded(now)
            assert bodies.pop(step.id) is not None
            for text in texts(step.body):
                lost = L10.match(text)
                told += int(lost[1]) if lost else 0
                got.extend([] if lost else [int(text)])

    for action, lines, late in actions:
        now += 50.0 if late else 0.01
        if action == "say":
            offer(delivery, *(str(n) for n in range(number, number + lines)), time=now)
            number += lines
        else:
            attempt(action)
        assert delivery.delivered == len(got)
        assert delivery.delivered + delivery.dropped + delivery.waiting == number
        slack = 1 if delivery.trouble else SLACK
        assert delivery._backlog.lines <= limit * slack
    for _ in range(2 * number + 2):
        attempt("ok")
    if not delivery._backlog._loss.lines:
        assert told == delivery.dropped
    assert got == sorted(set(got))
    assert len(got) + delivery.dropped == number
