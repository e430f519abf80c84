"""The console on real pipes: nobody reads, somebody reads slowly, everybody has gone."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import pty
import re
import threading
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from localku.logs.console import Console
from localku.logs.entry import Entry
from localku.logs.format import Formatter

T = 1795428000.0
HEAD = b"2026-11-23T10:00:00.000000+00:00 app[web.1]: "
MIB = 1 << 20
L10 = re.compile(
    rb"heroku\[logplex\]: Error L10 \(output buffer overflow\): (\d+) messages dropped "
    rb"since 2026-11-23T10:00:00\+00:00\.\n"
)


def app(data: bytes, continues: bool = False) -> Entry:
    return Entry(T, "app", "web.1", data, continues)


def chunk(first: int, lines: int = 800) -> Entry:
    """64 KiB of numbered 80-byte lines."""
    return app(b"".join(b"%08d %s\n" % (first + n, b"x" * 70) for n in range(lines)))


def numbers(output: bytes) -> list[int]:
    return [int(line) for line in re.findall(rb"web\.1\]: (\d{8}) x{70}\n", output)]


async def until(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        await asyncio.sleep(0.005)


class Pipe:
    """A pipe and what was read of it."""

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.output = b""
        self.consoles: list[Console] = []

    def console(self, **options: Any) -> Console:
        console = Console(self.writer, Formatter(), **options)
        self.consoles.append(console)
        return console

    def read_until(self, end: bytes, seconds: float = 10.0) -> bytes:
        """Read up to the line end of the last line that has `end` (blocks this thread)."""
        deadline = time.monotonic() + seconds
        os.set_blocking(self.reader, False)
        while end not in self.output:
            assert time.monotonic() < deadline, f"no {end!r} in {self.output[-500:]!r}"
            try:
                self.output += os.read(self.reader, 65536)
            except BlockingIOError:
                time.sleep(0.001)
        return self.output

    def close_writer(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
            self.writer = -1

    def close_reader(self) -> None:
        if self.reader >= 0:
            os.close(self.reader)
            self.reader = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close_reader()  # a console that is stuck in a write now fails, and its thread ends
    for console in pipe.consoles:
        console.close(5)
    assert not [thread for thread in threading.enumerate() if thread.name == "console"]
    pipe.close_writer()


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def with_deadline() -> None:
        await asyncio.wait_for(main(), 30)

    asyncio.run(with_deadline())


def test_early_lines_wait_for_start_and_then_come_first(pipe: Pipe) -> None:
    console = pipe.console()
    console.offer(app(b"before\n"))
    os.set_blocking(pipe.reader, False)
    with pytest.raises(BlockingIOError):
        os.read(pipe.reader, 1)

    async def main() -> None:
        console.start(asyncio.get_running_loop())
        console.offer(app(b"after\n"))
        assert console.close(5)

    run(main)
    assert os.read(pipe.reader, 65536) == HEAD + b"before\n" + HEAD + b"after\n"


def test_close_writes_what_was_offered_even_if_never_started(pipe: Pipe) -> None:
    console = pipe.console()
    console.offer(app(b"Name: "))
    assert console.close(5)
    assert console.close(5)
    console.offer(app(b"too late\n"))
    pipe.close_writer()
    assert os.read(pipe.reader, 65536) == HEAD + b"Name: \n"
    assert os.read(pipe.reader, 65536) == b""


def test_a_regular_file_gets_every_line(tmp_path: object) -> None:
    path = f"{tmp_path}/out"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)

    async def main() -> None:
        console = Console(fd, Formatter())
        console.start(asyncio.get_running_loop())
        for number in range(50):
            console.offer(chunk(number * 800))
        assert console.close(5)

    run(main)
    os.close(fd)
    with open(path, "rb") as file:
        assert numbers(file.read()) == list(range(40_000))


def test_a_reader_that_never_reads_neither_blocks_nor_fills_the_memory(pipe: Pipe) -> None:
    async def main() -> None:
        console = pipe.console(stuck_after=0.2)
        pressure: list[bool] = []
        console.on_pressure = pressure.append
        console.start(asyncio.get_running_loop())
        entry = chunk(0)
        slowest = 0.0
        sent = 0
        tracemalloc.start()
        while pressure != [True, False] or sent < 1000:
            before = time.monotonic()
            console.offer(entry)
            slowest = max(slowest, time.monotonic() - before)
            sent += 1
            assert console.queued <= 8 * MIB + 200_000
            await asyncio.sleep(0 if sent % 100 else 0.02)
            assert sent < 100_000
        size, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 11 * MIB
        assert size < 10 * MIB
        assert slowest < 0.2
        before = time.monotonic()
        assert not console.close(0.1)
        assert time.monotonic() - before < 1.0
        pipe.close_reader()  # lets the thread go

    run(main)


def test_what_pressure_does_not_slow_is_bounded_too(pipe: Pipe) -> None:
    """The router's lines come whether the pumps are paused or not."""

    async def main() -> None:
        console = pipe.console(high=100_000, low=20_000, stuck_after=60)
        pressure: list[bool] = []
        console.on_pressure = pressure.append
        console.start(asyncio.get_running_loop())
        for number in range(10_000):
            console.offer(chunk(number, 1))
            assert console.queued < 200_000 + 65_536
        assert pressure == [True]
        await asyncio.to_thread(pipe.read_until, b"Error L10")
        await until(lambda: pressure == [True, False], "pressure ends")
        console.offer(chunk(99_999, 1))
        output = await asyncio.to_thread(pipe.read_until, b" 00099999 x")
        assert console.close(5)
        kept = numbers(output)
        (lost,) = L10.findall(output)
        assert kept[:-1] == list(range(len(kept) - 1))
        assert len(kept) - 1 + int(lost) == 10_000

    run(main)


def test_a_slow_reader_gets_every_line(pipe: Pipe) -> None:
    fcntl.fcntl(pipe.writer, fcntl.F_SETFL, 0)
    total = 400
    output = bytearray()

    def read_slowly() -> None:
        while data := os.read(pipe.reader, 32_768):
            output.extend(data)
            time.sleep(0.0005)

    thread = threading.Thread(target=read_slowly)
    thread.start()

    async def main() -> None:
        console = pipe.console(high=MIB, low=MIB // 4, stuck_after=5)
        may_go = asyncio.Event()
        may_go.set()
        pressure: list[bool] = []

        def on_pressure(on: bool) -> None:
            pressure.append(on)
            (may_go.clear if on else may_go.set)()

        console.on_pressure = on_pressure
        console.start(asyncio.get_running_loop())
        for number in range(total):
            await may_go.wait()
            console.offer(chunk(number * 800))
            assert console.queued < MIB + 200_000
            await asyncio.sleep(0)
        assert console.close(20)
        assert pressure.count(True) > 3

    run(main)
    pipe.close_writer()
    thread.join(10)
    assert numbers(bytes(output)) == list(range(total * 800))


def test_a_reader_that_comes_back_is_told_what_it_lost(pipe: Pipe) -> None:
    async def main() -> None:
        console = pipe.console(high=200_000, low=50_000, stuck_after=0.1)
        pressure: list[bool] = []
        console.on_pressure = pressure.append
        console.start(asyncio.get_running_loop())
        for number in range(3):
            console.offer(chunk(number * 800))
        await until(lambda: pressure == [True, False], "the reader is found stuck")
        for number in range(3, 10):
            console.offer(chunk(number * 800))
        await asyncio.to_thread(pipe.read_until, b"Error L10")
        console.offer(chunk(8_000))
        output = await asyncio.to_thread(pipe.read_until, b" 00008799 x")
        (lost,) = L10.findall(output)
        assert int(lost) == 7 * 800
        assert numbers(output[: output.index(b"Error L10")]) == list(range(2_400))
        assert numbers(output[output.index(b"Error L10") :])[-1] == 8_799
        assert pressure == [True, False]
        assert console.close(5)

    run(main)


def test_a_loss_is_reported_at_the_end_at_the_latest(pipe: Pipe) -> None:
    async def main() -> None:
        console = pipe.console(high=100_000, low=50_000, stuck_after=0.05)
        pressure: list[bool] = []
        console.on_pressure = pressure.append
        console.start(asyncio.get_running_loop())
        console.offer(chunk(0))
        console.offer(chunk(800))
        await until(lambda: pressure == [True, False], "the reader is found stuck")
        console.offer(app(b"lost\n"))
        reader = asyncio.create_task(asyncio.to_thread(pipe.read_until, b"Error L10"))
        assert await asyncio.to_thread(console.close, 5)
        assert L10.findall(await reader) == [b"1"]

    run(main)


def test_a_loss_in_an_open_line_does_not_mix_it_with_the_report(pipe: Pipe) -> None:
    async def main() -> None:
        console = pipe.console(high=150_000, low=50_000, stuck_after=0.05)
        pressure: list[bool] = []
        console.on_pressure = pressure.append
        console.start(asyncio.get_running_loop())
        console.offer(chunk(0, 1600))
        console.offer(app(b"open"))
        await until(lambda: pressure == [True, False], "the reader is found stuck")
        console.offer(app(b" lost", continues=True))
        await asyncio.to_thread(pipe.read_until, b"Error L10")
        await asyncio.sleep(0)
        console.offer(app(b" end\n", continues=True))
        output = await asyncio.to_thread(pipe.read_until, b" end\n")
        assert HEAD + b"open\n2026" in output
        assert output.endswith(b"\n" + HEAD + b" end\n")
        assert console.close(5)

    run(main)


def test_a_closed_pipe_is_reported_once(pipe: Pipe) -> None:
    async def main() -> None:
        console = pipe.console()
        closed: list[int] = []
        console.on_closed = closed.append
        console.start(asyncio.get_running_loop())
        console.offer(app(b"read\n"))
        await asyncio.to_thread(pipe.read_until, b"read\n")
        pipe.close_reader()
        console.offer(app(b"a\n"))
        await until(lambda: closed, "on_closed")
        for _ in range(100):
            console.offer(app(b"b\n"))
        await asyncio.sleep(0.02)
        assert closed == [errno.EPIPE]
        assert not console.close(1)

    run(main)


def test_a_reader_that_dies_under_pressure_releases_the_dynos(pipe: Pipe) -> None:
    async def main() -> None:
        console = pipe.console(high=100_000, low=50_000, stuck_after=60)
        events: list[object] = []
        console.on_pressure = events.append
        console.on_closed = events.append
        console.start(asyncio.get_running_loop())
        console.offer(chunk(0, 1600))
        assert events == [True]
        pipe.close_reader()
        await until(lambda: len(events) == 3, "on_closed")
        assert events == [True, False, errno.EPIPE]

    run(main)


def test_a_terminal_that_is_gone_is_reported() -> None:
    master, slave = pty.openpty()

    async def main() -> None:
        console = Console(slave, Formatter())
        closed: list[int] = []
        console.on_closed = closed.append
        console.start(asyncio.get_running_loop())
        os.close(master)
        console.offer(app(b"a\n"))
        await until(lambda: closed, "on_closed")
        assert closed == [errno.EIO]
        assert not console.close(5)

    run(main)
    os.close(slave)


def test_a_terminal_stopped_by_ctrl_s_stops_nothing_else() -> None:
    master, slave = pty.openpty()
    output = bytearray()

    def read() -> None:
        try:
            while data := os.read(master, 65_536):
                output.extend(data)
        except OSError:
            pass  # EIO: the other end is closed

    async def main() -> None:
        console = Console(slave, Formatter(), high=200_000, low=50_000, stuck_after=0.1)
        pressure: list[bool] = []
        console.on_pressure = pressure.append
        console.start(asyncio.get_running_loop())
        os.write(master, b"\x13")  # Ctrl-S
        await asyncio.sleep(0.02)
        for number in range(3):
            console.offer(chunk(number * 800))
        await until(lambda: pressure == [True, False], "the terminal is found stopped")
        console.offer(chunk(2_400))
        os.write(master, b"\x11")  # Ctrl-Q
        await until(lambda: b"Error L10" in output, "the report of the loss")
        console.offer(app(b"end\n"))
        assert await asyncio.to_thread(console.close, 5)
        await until(lambda: b" end\r\n" in output, "the last line")

    thread = threading.Thread(target=read)
    thread.start()
    run(main)
    os.close(slave)
    thread.join(5)
    os.close(master)
    found = bytes(output).replace(b"\r\n", b"\n")
    assert numbers(found) == list(range(2_400))
    assert L10.findall(found) == [b"800"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is Linux's")
def test_a_full_disk_is_reported() -> None:
    fd = os.open("/dev/full", os.O_WRONLY)

    async def main() -> None:
        console = Console(fd, Formatter())
        closed: list[int] = []
        console.on_closed = closed.append
        console.start(asyncio.get_running_loop())
        console.offer(app(b"a\n"))
        await until(lambda: closed, "on_closed")
        assert closed == [errno.ENOSPC]
        assert not console.close(5)

    run(main)
    os.close(fd)


def test_a_descriptor_that_somebody_made_non_blocking_loses_nothing(pipe: Pipe) -> None:
    os.set_blocking(pipe.writer, False)

    async def main() -> None:
        console = pipe.console()
        console.start(asyncio.get_running_loop())
        for number in range(20):
            console.offer(chunk(number * 800))
        console.offer(app(b"end\n"))
        before = time.process_time()
        await asyncio.sleep(0.2)
        assert time.process_time() - before < 0.1  # it waits, and does not try again and again
        output = await asyncio.to_thread(pipe.read_until, b" end\n")
        assert numbers(output) == list(range(16_000))
        assert console.close(5)

    run(main)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs /proc")
def test_an_idle_console_does_not_wake_up(pipe: Pipe) -> None:
    async def main() -> None:
        console = pipe.console()
        console.start(asyncio.get_running_loop())
        console.offer(app(b"a\n"))
        await asyncio.to_thread(pipe.read_until, b"a\n")
        (thread,) = [each for each in threading.enumerate() if each.name == "console"]
        path = f"/proc/self/task/{thread.native_id}/status"

        def switches() -> list[bytes]:
            with open(path, "rb") as file:
                return re.findall(rb"ctxt_switches:\t(\d+)", file.read())

        before = switches()
        await asyncio.sleep(0.3)
        assert switches() == before
        assert console.close(5)

    run(main)
