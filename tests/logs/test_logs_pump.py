"""Pumps on real pipes and terminals."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import sys
import time
import tty
from collections.abc import Awaitable, Callable

import pytest

from localku.logs.lines import LineSplitter
from localku.logs.pump import Pump


async def until(condition: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        await asyncio.sleep(0.002)


def run(main: Callable[[], Awaitable[None]]) -> None:
    async def with_deadline() -> None:
        await asyncio.wait_for(main(), 30)

    asyncio.run(with_deadline())


class Sink:
    """What a pump gave, and when it ended."""

    def __init__(self) -> None:
        self.parts: list[tuple[bytes, bool]] = []
        self.ends = 0

    @property
    def text(self) -> bytes:
        return b"".join(data for data, _ in self.parts)

    def emit(self, data: bytes, continues: bool) -> None:
        assert not self.ends
        self.parts.append((data, continues))

    def eof(self) -> None:
        self.ends += 1

    def pump(self, fd: int, *, strip_cr: bool = False, partial_after: float = 0.1) -> Pump:
        return Pump(
            asyncio.get_running_loop(),
            fd,
            LineSplitter(strip_cr=strip_cr),
            self.emit,
            partial_after=partial_after,
            on_eof=self.eof,
        )


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_lines_come_out_until_the_end() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        pump = sink.pump(reader)
        os.write(writer, b"one\ntwo\nthr")
        await until(lambda: sink.parts, "the first lines")
        assert sink.parts == [(b"one\ntwo\n", False)]
        os.write(writer, b"ee\nfour")
        os.close(writer)
        await until(lambda: sink.ends, "the end")
        assert sink.text == b"one\ntwo\nthree\nfour\n"
        assert pump.ended
        assert not is_open(reader)
        pump.close()
        pump.pause()
        pump.resume()
        await asyncio.sleep(0.01)
        assert sink.ends == 1

    run(main)


def test_a_prompt_is_shown_after_a_while() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        sink.pump(reader, partial_after=0.05)
        start = time.monotonic()
        os.write(writer, b"Name: ")
        await until(lambda: sink.parts, "the prompt")
        assert time.monotonic() - start >= 0.045
        os.write(writer, b"Bob\n")
        await until(lambda: len(sink.parts) == 2, "the answer")
        assert sink.parts == [(b"Name: ", False), (b"Bob\n", True)]
        os.close(writer)
        await until(lambda: sink.ends, "the end")

    run(main)


def test_a_line_written_in_two_goes_is_one_line() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        sink.pump(reader, partial_after=0.15)
        # The open rest of each round is younger than the timer that the round before armed.
        for number in range(5):
            os.write(writer, b"%d sta" % number)
            await asyncio.sleep(0.05)
            os.write(writer, b"rt\n")
        os.close(writer)
        await until(lambda: sink.ends, "the end")
        assert [continues for _, continues in sink.parts] == [False] * len(sink.parts)
        assert sink.text == b"".join(b"%d start\n" % number for number in range(5))

    run(main)


def test_no_timer_without_an_open_line() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        pump = sink.pump(reader, partial_after=0.02)
        os.write(writer, b"line\n")
        await until(lambda: sink.parts, "the line")
        assert pump._partial is None
        os.write(writer, b"open")
        await until(lambda: len(sink.parts) == 2, "the open line")
        assert pump._partial is None
        os.close(writer)
        await until(lambda: sink.ends, "the end")
        assert sink.text == b"line\nopen\n"

    run(main)


def test_a_paused_pump_leaves_the_bytes_in_the_pipe() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        sink = Sink()
        pump = sink.pump(reader)
        pump.pause()
        pump.pause()
        written = 0
        with pytest.raises(BlockingIOError):
            while True:
                written += os.write(writer, b"x" * 99 + b"\n")
        await asyncio.sleep(0.02)
        assert sink.parts == []
        pump.resume()
        os.close(writer)
        await until(lambda: sink.ends, "the end")
        assert len(sink.text) == written

    run(main)


def test_an_open_line_is_not_shown_while_its_end_waits_in_the_pipe() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        pump = sink.pump(reader, partial_after=0.03)
        os.write(writer, b"one\ntwo and")
        await until(lambda: sink.parts, "the first line")
        pump.pause()
        os.write(writer, b" a half\n")
        await asyncio.sleep(0.06)
        pump.resume()
        await until(lambda: len(sink.parts) > 1, "the second line")
        assert sink.parts == [(b"one\n", False), (b"two and a half\n", False)]
        os.write(writer, b"three and")
        await asyncio.sleep(0.005)
        os.write(writer, b" a half\n")
        time.sleep(0.06)  # noqa: ASYNC251  the loop is busy: timer and pipe are due at once
        await until(lambda: len(sink.parts) > 2, "the third line")
        assert sink.parts[2:] == [(b"three and a half\n", False)]
        pump.pause()
        os.write(writer, b"four")
        pump.resume()
        await until(lambda: len(sink.parts) > 3, "the open line")
        assert sink.parts[3:] == [(b"four", False)]
        assert pump._partial is None
        os.close(writer)
        await until(lambda: sink.ends, "the end")

    run(main)


def test_pause_from_within_emit_holds_at_once() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        got: list[int] = []

        def emit(data: bytes, continues: bool) -> None:
            got.append(len(data))
            pump.pause()
            if len(got) < 40:
                os.write(writer, b"\n" * 65_536)

        pump = Pump(asyncio.get_running_loop(), reader, LineSplitter(), emit)
        os.write(writer, b"\n" * 65_536)
        await until(lambda: got, "the first lines")
        await asyncio.sleep(0.02)
        assert len(got) == 1
        for number in range(1, 40):
            pump.resume()
            await until(lambda: len(got) > number, "the next lines")  # noqa: B023
            assert len(got) == number + 1
        assert got == [65_536] * 40
        pump.close()
        os.close(writer)

    run(main)


def test_close_takes_what_is_there_though_somebody_holds_the_pipe() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        pump = sink.pump(reader)
        pump.pause()
        os.write(writer, b"last words\nand a half")
        pump.close()
        assert sink.parts == [(b"last words\n", False), (b"and a half\n", False)]
        assert (pump.ended, sink.ends, is_open(reader)) == (True, 0, False)
        os.close(writer)
        await asyncio.sleep(0.12)
        assert len(sink.parts) == 2

    run(main)


def test_drain_shows_the_last_words_and_goes_on() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        pump = sink.pump(reader)
        pump.pause()
        pump.drain()
        assert sink.parts == []
        os.write(writer, b"last words\nand a half")
        pump.drain()
        assert sink.parts == [(b"last words\n", False), (b"and a half", False)]
        os.write(writer, b"...\n")
        pump.drain()
        assert sink.parts[2:] == [(b"...\n", True)]
        assert not pump.ended
        pump.close()
        pump.drain()
        os.close(writer)

    run(main)


WRITE_50000 = """
import os
for number in range(50_000):
    os.write(1, b"%08d %s" % (number, b"x" * 70 + bytes([10])))
"""


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "pty"])
def test_a_stream_is_read_in_large_parts(terminal: bool) -> None:
    async def main() -> None:
        reader, writer = pty.openpty() if terminal else os.pipe()
        sink = Sink()
        pump = sink.pump(reader, strip_cr=terminal)
        rests = 0
        rested = pump._rested

        def count() -> None:
            nonlocal rests
            rests += 1
            rested()

        pump._rested = count  # type: ignore[method-assign]
        command = [sys.executable, "-S", "-c", WRITE_50000]
        child = await asyncio.create_subprocess_exec(*command, stdout=writer)
        os.close(writer)
        await until(lambda: sink.ends, "the end")
        await child.wait()
        assert [int(line[:8]) for line in sink.text.splitlines()] == list(range(50_000))
        assert rests < 600  # 4 MB: at least 7 KB a rest; on a busy machine there is none
        if not terminal:
            assert len(sink.parts) < 600

    run(main)


def test_a_dyno_that_stops_streaming_is_heard_at_once() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        pump = sink.pump(reader)
        for number in range(100):
            os.write(writer, b"%d\n" % number)
            await asyncio.sleep(0)
        await until(lambda: sink.text.endswith(b"99\n"), "the stream")
        await until(lambda: pump._rest is None, "the stream has dried up")
        waits = []
        for number in range(5):
            await asyncio.sleep(0.01)
            start = time.monotonic()
            os.write(writer, b"line\n")
            await until(lambda: sink.text.count(b"line") > number, "a line")  # noqa: B023
            waits.append(time.monotonic() - start)
        assert min(waits) < 0.005
        os.close(writer)
        await until(lambda: sink.ends, "the end")

    run(main)


def test_close_ends_even_if_somebody_never_stops_writing() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        total = 0

        def emit(data: bytes, continues: bool) -> None:
            nonlocal total
            total += len(data)
            assert total < 10 << 20
            os.write(writer, b"noise\n" * 1000)  # as long as the pump reads, there is more

        pump = Pump(asyncio.get_running_loop(), reader, LineSplitter(), emit)
        os.write(writer, b"noise\n")
        pump.drain()
        pump.close()
        assert pump.ended
        os.close(writer)

    run(main)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pipe of 1 MiB")
def test_a_turn_has_a_budget() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        size = 1 << 20
        fcntl.fcntl(writer, 1031, size)  # F_SETPIPE_SZ, which Python 3.10 does not name
        os.write(writer, b"x" * 63 + b"\n" + b"\n" * (size - 64))
        sink = Sink()
        sink.pump(reader)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert 0 < len(sink.text) <= 512 << 10
        await until(lambda: len(sink.text) == size, "the rest")
        os.close(writer)
        await until(lambda: sink.ends, "the end")

    run(main)


def test_a_loud_dyno_does_not_starve_a_quiet_one() -> None:
    async def main() -> None:
        loud_end, loud = os.pipe()
        quiet_end, quiet = os.pipe()
        loud_sink, quiet_sink = Sink(), Sink()
        pump = loud_sink.pump(loud_end)
        quiet_sink.pump(quiet_end)

        def shout() -> None:
            try:
                while True:
                    os.write(loud, b"noise\n" * 10_000)
            except BrokenPipeError:
                pass

        shouting = asyncio.create_task(asyncio.to_thread(shout))
        await until(lambda: loud_sink.parts, "noise")
        for number in range(20):
            start = time.monotonic()
            os.write(quiet, b"hello\n")
            await until(lambda: len(quiet_sink.parts) > number, "a quiet line")  # noqa: B023
            assert time.monotonic() - start < 0.5
            loud_sink.parts.clear()
        pump.close()
        await shouting
        for fd in (loud, quiet):
            os.close(fd)
        await until(lambda: quiet_sink.ends, "the end")

    run(main)


def test_a_tap_gets_the_raw_chunks() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        pump = sink.pump(reader, strip_cr=True)
        raw: list[bytes] = []
        untap = pump.tap(raw.append)
        os.write(writer, b"\x1b[2J> a\r\n")
        await until(lambda: sink.parts, "the line")
        untap()
        untap()
        assert raw == [b"\x1b[2J> a\r\n"]
        pump.tap(raw.append)
        os.write(writer, b"b\r\n")
        os.close(writer)
        await until(lambda: sink.ends, "the end")
        assert raw[1:] == [b"b\r\n", b""]
        assert (raw[0], sink.text) == (b"\x1b[2J> a\r\n", b"\x1b[2J> a\nb\n")

    run(main)


def test_a_terminal_is_read_to_its_end() -> None:
    async def main() -> None:
        master, slave = pty.openpty()
        sink = Sink()
        sink.pump(master, strip_cr=True, partial_after=0.02)
        os.write(slave, b"a\nb\r\nname? ")
        await until(lambda: sink.text.endswith(b"name? "), "the prompt")
        os.write(slave, b"x\n")
        os.close(slave)
        await until(lambda: sink.ends, "the end of the terminal")
        assert sink.text == b"a\nb\r\nname? x\n"
        assert not is_open(master)

    run(main)


def test_a_terminal_in_raw_mode_keeps_its_bytes() -> None:
    async def main() -> None:
        master, slave = pty.openpty()
        tty.setraw(slave)
        sink = Sink()
        sink.pump(master, strip_cr=True)
        os.write(slave, b"a\rb\nc\0\xff\n")
        os.close(slave)
        await until(lambda: sink.ends, "the end of the terminal")
        assert sink.text == b"a\rb\nc\0\xff\n"

    run(main)


def test_a_descriptor_that_is_not_its_own_stays_open() -> None:
    async def main() -> None:
        reader, writer = os.pipe()
        sink = Sink()
        loop = asyncio.get_running_loop()
        Pump(loop, reader, LineSplitter(), sink.emit, on_eof=sink.eof, close_fd=False)
        os.close(writer)
        await until(lambda: sink.ends, "the end")
        assert is_open(reader)
        os.close(reader)

    run(main)


def test_a_broken_descriptor_is_an_error_once() -> None:
    async def main() -> None:
        folder = os.open("/", os.O_RDONLY)
        loop = asyncio.get_running_loop()
        reader, writer = os.pipe()
        errors: list[BaseException] = []
        loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))
        sink = Sink()
        pump = sink.pump(reader)
        os.dup2(folder, reader)  # the same number, but reading it is an error (EISDIR)
        loop.call_soon(pump._readable)
        await until(lambda: errors, "the error")
        assert isinstance(errors[0], IsADirectoryError)
        assert pump.ended
        os.close(folder)
        os.close(writer)

    run(main)
