from __future__ import annotations

import pytest

from localku.logs.entry import Entry
from localku.logs.filters import log_filter
from localku.logs.losses import Loss, output_overflow
from localku.logs.stream import LogStream
from localku.logs.tail import TailReader


def app(data: bytes, dyno: str = "web.1", time: float = 0.0, continues: bool = False) -> Entry:
    return Entry(time, "app", dyno, data, continues)


def text(entries: list[Entry]) -> bytes:
    return b"".join(entry.data for entry in entries)


def test_every_reader_gets_every_entry_in_order() -> None:
    stream = LogStream()
    one, two = TailReader(), TailReader()
    stream.subscribe(one)
    stream.publish(app(b"a\n"))
    stream.subscribe(two)
    stream.publish(app(b"b\n"))
    stream.unsubscribe(one)
    stream.unsubscribe(TailReader())
    stream.publish(app(b"c\n"))
    assert (text(one.take()), text(two.take())) == (b"a\nb\n", b"b\nc\n")


def test_a_reader_may_leave_while_it_is_called() -> None:
    stream = LogStream()

    class Once:
        got = 0

        def offer(self, entry: Entry) -> None:
            self.got += 1
            stream.unsubscribe(self)

    once, other = Once(), TailReader()
    stream.subscribe(once)
    stream.subscribe(other)
    stream.publish(app(b"a\n"))
    stream.publish(app(b"b\n"))
    assert (once.got, text(other.take())) == (1, b"a\nb\n")


@pytest.mark.parametrize("per_entry", [1, 7, 800, 5_000])
def test_history_is_the_newest_lines(per_entry: int) -> None:
    stream = LogStream(history_lines=1500)
    lines = [b"%06d\n" % number for number in range(20_000)]
    for at in range(0, len(lines), per_entry):
        stream.publish(app(b"".join(lines[at : at + per_entry])))
    for wanted in (0, 1, 100, 1500, 9_999):
        assert text(stream.history(wanted)) == b"".join(lines[len(lines) - min(wanted, 1500) :])


def test_history_is_bounded_by_bytes() -> None:
    stream = LogStream(history_lines=1500, history_bytes=100_000)
    for number in range(100):
        stream.publish(app(b"%04d" % number + b"x" * 9_995 + b"\n"))
    assert [entry.data[:4] for entry in stream.history()] == [b"%04d" % n for n in range(90, 100)]


def test_history_holds_no_more_than_it_may_give() -> None:
    stream = LogStream(history_lines=100, history_bytes=1 << 20)
    for _ in range(100_000):
        stream.publish(app(b".", continues=True))
    assert len(stream._entries) <= 201
    for _ in range(1_000):
        stream.publish(app(b"x" * 79 + b"\n" * 700))
    assert sum(len(entry.data) for entry in stream._entries) < (1 << 20) + (256 << 10)


def test_a_cut_entry_does_not_continue_what_was_cut_off() -> None:
    stream = LogStream()
    stream.publish(app(b"start"))
    stream.publish(app(b" end\nnext\n", continues=True))
    (last,) = stream.history(1)
    assert (last.data, last.continues) == (b"next\n", False)
    (whole,) = stream.history(2)
    assert (whole.data, whole.continues) == (b" end\nnext\n", True)


def test_a_full_tail_loses_its_own_oldest_and_says_so() -> None:
    ready: list[int] = []
    tail = TailReader(limit_entries=3, on_ready=lambda: ready.append(1))
    for number in range(10):
        tail.offer(app(b"%d\nx\n" % number, time=1304441700.0 + number))
    first, *rest = tail.take()
    assert (first.source, first.dyno, first.time) == ("heroku", "logplex", 1304441706.0)
    assert first.data == (
        b"Error L11 (Tail buffer overflow) -> This tail session dropped 14 messages "
        b"since 2011-05-03T16:55:00+00:00.\n"
    )
    assert text(rest) == b"7\nx\n8\nx\n9\nx\n"
    assert (tail.take(), len(tail), len(ready)) == ([], 0, 1)
    tail.offer(app(b"again\n"))
    assert (text(tail.take()), len(ready)) == (b"again\n", 2)


def test_a_tail_is_bounded_by_bytes() -> None:
    tail = TailReader(limit_bytes=1000)
    for _ in range(1000):
        tail.offer(app(b"x" * 299 + b"\n"))
        assert len(tail) <= 3
    tail.offer(app(b"y" * 5000 + b"\n"))
    assert len(tail) == 1


def test_a_drain_reports_with_l10() -> None:
    tail = TailReader(limit_entries=1, overflow=output_overflow)
    tail.offer(app(b"a\n", time=1366228686.0))
    tail.offer(app(b"b\n", time=1366228687.0))
    assert tail.take()[0].data == (
        b"Error L10 (output buffer overflow): 1 messages dropped since 2013-04-17T19:58:06+00:00.\n"
    )


def test_a_loss_begins_anew_after_its_report() -> None:
    loss = Loss()
    loss.add(app(b"a\nb", time=1.0))
    loss.add(app(b"c\n", time=2.0))
    assert loss.take() == (3, 1.0, 2.0)
    loss.add(app(b"d\n", time=5.0))
    assert loss.take() == (1, 5.0, 5.0)


@pytest.mark.parametrize(
    ("source", "dyno", "process_type", "kept"),
    [
        ("", "", "", ["app web.1", "app web.10", "app webs.1", "heroku web.1", "heroku router"]),
        ("app", "", "", ["app web.1", "app web.10", "app webs.1"]),
        ("ap", "", "", []),
        ("", "web.1", "", ["app web.1", "heroku web.1"]),
        ("", "", "web", ["app web.1", "app web.10", "heroku web.1"]),
        ("", "router", "", ["heroku router"]),
        ("heroku", "web", "", ["heroku web.1"]),
        ("", "web.1", "worker", []),
    ],
)
def test_filters(source: str, dyno: str, process_type: str, kept: list[str]) -> None:
    accepts = log_filter(source, dyno, process_type)
    tail = TailReader(accepts=accepts)
    for name in ["app web.1", "app web.10", "app webs.1", "heroku web.1", "heroku router"]:
        tail.offer(Entry(0.0, *name.split(), b"x\n"))
    assert [f"{entry.source} {entry.dyno}" for entry in tail.take()] == kept


def test_no_filter_is_no_work() -> None:
    assert log_filter() is None


def test_a_tail_that_fills_up_is_told_of_again() -> None:
    ready: list[int] = []
    tail = TailReader(on_ready=lambda: ready.append(tail.size), urgent=1000)
    for _ in range(10):
        tail.offer(app(b"x" * 299 + b"\n"))
    assert ready == [300, 1200]
    tail.take()
    tail.offer(app(b"x\n"))
    assert ready == [300, 1200, 2]
