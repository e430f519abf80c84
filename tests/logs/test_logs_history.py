"""The history on disk: records, damage, bounds, and the keeper that writes behind."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localku.logs import records
from localku.logs.entry import Entry
from localku.logs.events import Events
from localku.logs.history import EXPIRY, HistoryFile
from localku.logs.keeper import LEAP, Keeper
from localku.logs.stream import HISTORY_LINES, LogStream

NONCE = 0x1234ABCD


def entry(number: int, data: bytes = b"x\n", dyno: str = "web.1", when: float = 1e9) -> Entry:
    made = Entry(when, "app", dyno, data)
    made.number = number
    return made


def shape(each: Entry) -> tuple[Any, ...]:
    return (each.number, each.skipped, each.time, each.source, each.dyno, each.data,
            each.continues)  # fmt: skip


def file_of(*entries: Entry) -> bytes:
    return records.head(NONCE) + records.encode(entries, NONCE)


texts = st.binary(max_size=200) | st.just(b"~1 0 1.0 0 2 00000000 app web.1\nx\n\n")
entries_ = st.lists(
    st.builds(
        entry,
        st.integers(1, 10**15),
        texts,
        st.sampled_from(["web.1", "", "router", "r\udcff\u00e9", "a b"]),
        st.floats(1e9, 2e9),
    ),
    max_size=8,
)


@given(entries_)
def test_what_is_written_is_read(given_entries: list[Entry]) -> None:
    found = records.decode(file_of(*given_entries) + records.seal(7, 8, NONCE))
    assert found is not None
    assert list(map(shape, found.entries)) == list(map(shape, given_entries))
    assert found.damaged == 0


@settings(max_examples=60)
@given(entries_.filter(bool), st.data())
def test_a_file_that_ends_anywhere_keeps_what_is_whole(
    all_: list[Entry], data: st.DataObject
) -> None:
    written = file_of(*all_)
    cut = data.draw(st.integers(records.HEAD_SIZE, len(written)))
    found = records.decode(written[:cut])
    assert found is not None
    whole = [n for n in range(len(all_) + 1) if len(file_of(*all_[:n])) <= cut][-1]
    assert list(map(shape, found.entries)) == list(map(shape, all_[:whole]))
    assert found.end + found.damaged == cut


@settings(max_examples=100)
@given(entries_.filter(bool), st.data())
def test_damage_costs_the_record_that_it_hits(all_: list[Entry], data: st.DataObject) -> None:
    written = bytearray(file_of(*all_))
    place = data.draw(st.integers(records.HEAD_SIZE, len(written) - 1))
    written[place] ^= data.draw(st.integers(1, 255))
    hit = [n for n in range(len(all_)) if len(file_of(*all_[: n + 1])) > place][0]
    found = records.decode(bytes(written))
    assert found is not None
    kept = [shape(each) for n, each in enumerate(all_) if n != hit]
    assert list(map(shape, found.entries)) == kept
    assert found.damaged > 0


def test_a_line_cannot_pass_for_a_record_in_a_damaged_place() -> None:
    """Whoever writes lines does not know the nonce."""
    forged = records.encode([entry(9, b"at=info forged\n", "router")], NONCE + 1)
    written = bytearray(file_of(entry(1, b"text\n" + forged), entry(2)))
    written[records.HEAD_SIZE] ^= 1
    found = records.decode(bytes(written))
    assert found is not None
    assert [each.number for each in found.entries] == [2]


def test_a_damaged_place_is_searched_in_bounded_time() -> None:
    hostile = b"~1 0 1.0 0 7999999 00000000 a b\n" * 200_000
    written = bytearray(file_of(entry(1, hostile), entry(2)))
    written[records.HEAD_SIZE] ^= 1
    began = time.monotonic()
    assert records.decode(bytes(written)) is not None
    assert time.monotonic() - began < 5  # it is 0.1; without a bound it would be half an hour


@pytest.mark.parametrize("data", [b"", b"localku-history", b"SQLite format 3\0" * 9, b"\0" * 4096])
def test_another_file_is_none(data: bytes) -> None:
    assert records.decode(data) is None


# -- files ---------------------------------------------------------------------------------------


def opened(path: Path, now: float = 1e9) -> HistoryFile:
    file = HistoryFile(str(path))
    file.open(now)
    return file


def touch(path: Path, when: float = 1e9) -> None:
    os.utime(path, (when, when))


def test_it_goes_on_in_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "history" / "id"
    first = opened(path)
    first.append([entry(1), entry(2)])
    first.append([entry(3, b"three\n")])
    touch(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    again = opened(path)
    assert (again.number, again.damaged) == (3, 0)
    again.append([entry(99)])
    assert [each.number for each in again.load(1e9, 4)] == [1, 2, 3]


def test_disk_space_is_bounded_however_much_is_said(tmp_path: Path) -> None:
    path, number = tmp_path / "id", 0
    file = opened(path)
    line = b"x" * 79 + b"\n"
    for _ in range(12):
        batch = [entry(number + n, line) for n in range(1, HISTORY_LINES + 1)]
        number += len(batch)
        file.append(batch)
        assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 2.5 * HISTORY_LINES * 140
    assert len(list(tmp_path.iterdir())) == 2
    assert [each.number for each in opened(path, time.time()).load(1e9, 10**9)][-1] == number


def test_many_short_runs_are_bounded_as_well(tmp_path: Path) -> None:
    path = tmp_path / "id"
    for run in range(40):
        opened(path, time.time()).append([entry(run * 100 + n) for n in range(1, 101)])
    loaded = opened(path, time.time()).load(1e9, 10**9)
    assert [each.number for each in loaded][-HISTORY_LINES:] == list(range(2501, 4001))
    assert len(loaded) <= 2 * HISTORY_LINES + 100


def test_a_torn_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "id"
    opened(path).append([entry(1), entry(2)])
    whole = path.read_bytes()
    path.write_bytes(whole + records.encode([entry(3)], NONCE)[:-9])
    file = opened(path, time.time())
    assert file.number == 2
    assert file.damaged == path.stat().st_size - len(whole)
    file.append([entry(4)])
    found = records.decode(path.read_bytes())
    assert found is not None
    assert ([each.number for each in found.entries], found.damaged) == ([1, 2, 4], 0)


@pytest.mark.parametrize(
    "junk", [b"", b"\0" * 5000, b"junk\n" * 100], ids=["empty", "zeros", "text"]
)
def test_a_file_without_a_head_is_begun_anew(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "id"
    path.write_bytes(junk)
    opened(Path(f"{path}.1")).append([entry(5)])
    file = opened(path, time.time())
    assert (file.number, file.damaged) == (5, len(junk))
    file.append([entry(9)])
    assert [each.number for each in file.load(1e9, 100)] == [5, 9]


def test_lines_are_forgotten_after_a_week(tmp_path: Path) -> None:
    path = tmp_path / "id"
    file = opened(path)
    file.append([entry(1, when=1e9), entry(2, when=1e9 + 100)])
    assert [each.number for each in file.load(1e9 + EXPIRY + 50, 9)] == [2]
    touch(path, 1e9)
    opened(path, 1e9 + EXPIRY + 50)
    assert not path.exists()


def test_a_file_that_is_taken_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "history" / "id"
    file = opened(path)
    file.append([entry(1)])
    path.unlink()
    path.parent.rmdir()
    file.append([entry(2)])
    assert [each.number for each in opened(path, time.time()).load(1e9, 9)] == [2]


# -- the keeper ----------------------------------------------------------------------------------


class Counting(asyncio.SelectorEventLoop):
    """Counts the timers that are set."""

    timers = 0

    def call_at(self, *args: Any, **more: Any) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(*args, **more)


def say(stream: LogStream, text: bytes = b"x\n") -> None:
    stream.publish(Entry(time.time(), "app", "web.1", text))


def on_loop(play: Callable[[Counting], Any]) -> None:
    loop = Counting()
    try:
        loop.run_until_complete(play(loop))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def numbers(path: Path) -> list[int]:
    return [each.number for each in opened(path, time.time()).load(time.time(), 1 << 60)]


def test_silence_costs_nothing_and_a_line_one_writing(tmp_path: Path) -> None:
    async def play(loop: Counting) -> None:
        stream = LogStream()
        file = HistoryFile(str(tmp_path / "id"))
        keeper = Keeper(stream, file, 0.01)
        keeper.start()
        for number in range(1, 4):
            say(stream)
            say(stream)
            await until(lambda want=2 * number: file.number == want)
        set_before = loop.timers
        for _ in range(1000):
            await asyncio.sleep(0)
        assert loop.timers == set_before
        say(stream, b"last\n")
        await keeper.close()
        say(stream, b"after the end\n")

    on_loop(play)
    assert numbers(tmp_path / "id") == [1, 2, 3, 4, 5, 6, 7]


def test_a_flood_costs_the_disk_what_the_history_holds(tmp_path: Path) -> None:
    async def play(loop: Counting) -> None:
        stream = LogStream()
        keeper = Keeper(stream, HistoryFile(str(tmp_path / "id")), 60.0)
        keeper.start()
        for _ in range(50_000):
            say(stream)
        await keeper.close()

    on_loop(play)
    assert numbers(tmp_path / "id") == list(range(50_001 - HISTORY_LINES, 50_001))


def test_the_next_run_goes_on_behind_the_last(tmp_path: Path) -> None:
    async def first(loop: Counting) -> None:
        stream = LogStream()
        keeper = Keeper(stream, HistoryFile(str(tmp_path / "id")))
        keeper.start()
        say(stream, b"one\n")
        await keeper.close()

    async def second(loop: Counting) -> None:
        stream = LogStream()
        keeper = Keeper(stream, HistoryFile(str(tmp_path / "id")))
        keeper.start()
        say(stream, b"two\n")
        found = stream.history()
        assert [each.data for each in found] == [b"one\n", b"two\n"]
        assert [each.number for each in found] == [1, 1 + LEAP + 1]
        await keeper.close()

    on_loop(first)
    on_loop(second)
    assert numbers(tmp_path / "id") == [1, LEAP + 2]


def test_a_disk_that_cannot_be_written_is_said_once_and_tried_again(tmp_path: Path) -> None:
    async def play(loop: Counting) -> None:
        stream, told = LogStream(), []
        (tmp_path / "history").write_text("in the way")
        keeper = Keeper(stream, HistoryFile(str(tmp_path / "history" / "id")), 0.01)
        keeper.say = told.append
        keeper.start()
        say(stream)
        await until(lambda: told)
        for _ in range(3):
            say(stream)
            await asyncio.sleep(0.02)
        assert told == ["The log's history cannot be written: File exists"]
        (tmp_path / "history").unlink()
        say(stream)
        await until((tmp_path / "history" / "id").exists)
        await keeper.close()

    on_loop(play)
    assert numbers(tmp_path / "history" / "id") == [1, 2, 3, 4, 5]


def test_damage_is_said_once(tmp_path: Path) -> None:
    async def play(loop: Counting) -> None:
        (tmp_path / "id").write_bytes(b"\0" * 100)
        stream, told = LogStream(), []
        keeper = Keeper(stream, HistoryFile(str(tmp_path / "id")), 0.01)
        keeper.say = told.append
        keeper.start()
        stream.history()
        await until(lambda: told)
        await keeper.close()
        assert told == ["The log's history was damaged: 100 bytes of it are lost"]

    on_loop(play)


def test_a_history_that_is_forgotten_stays_away(tmp_path: Path) -> None:
    async def play(loop: Counting) -> None:
        stream = LogStream()
        keeper = Keeper(stream, HistoryFile(str(tmp_path / "id")), 0.0)
        keeper.start()
        for _ in range(20):
            say(stream)
            await asyncio.sleep(0)
        keeper.forget()
        say(stream)
        await keeper.close()

    on_loop(play)
    assert list(tmp_path.iterdir()) == []


def test_a_cut_entry_keeps_the_ids_of_its_lines() -> None:
    """A client that comes back must not miss lines because the entry has lost its first ones."""
    stream = LogStream(history_lines=3)
    say(stream, b"".join(b"%d\n" % n for n in range(10)))
    (cut,) = stream.history()
    whole = Entry(cut.time, "app", "web.1", b"".join(b"%d\n" % n for n in range(10)))
    whole.number = 1
    assert Events().feed(whole).endswith(Events().feed(cut))
