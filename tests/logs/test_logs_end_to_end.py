"""Real child processes through Pump, LogStream and Console to a reader of localku's stdout."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from localku.logs.console import Console
from localku.logs.entry import Entry
from localku.logs.format import Formatter
from localku.logs.lines import LineSplitter
from localku.logs.pump import Pump
from localku.logs.stream import LogStream
from localku.logs.tail import TailReader

LINES = 100_000

COUNTING = """
import sys
for number in range(int(sys.argv[1])):
    sys.stdout.write("%08d " % number + "x" * 70 + chr(10))
    if sys.argv[2] == "line":
        sys.stdout.flush()
"""


class Platform:
    """As much of the platform as the log stream needs: children, pumps, and pressure."""

    def __init__(self, out: int, terminals: bool = False, high: int = 4 << 20) -> None:
        self.terminals = terminals
        self.partial_after = 0.1
        self.stream = LogStream()
        self.console = Console(out, Formatter("heroku"), high=high, low=high // 4)
        self.console.on_pressure = self.on_pressure
        self.stream.subscribe(self.console)
        self.pumps: list[Pump] = []
        self.pauses = 0
        self.behind = threading.Event()  # the reader is so far behind that the dynos wait
        self.running = 0
        self.all_ended = asyncio.Event()
        self.console.start(asyncio.get_running_loop())

    def on_pressure(self, on: bool) -> None:
        self.pauses += on
        self.behind.set()
        for pump in self.pumps:
            (pump.pause if on else pump.resume)()

    def spawn(self, dyno: str, *command: str, stdin: int = subprocess.DEVNULL) -> None:
        reader, writer = pty.openpty() if self.terminals else os.pipe()
        child = subprocess.Popen(command, stdin=stdin, stdout=writer, stderr=writer)
        os.close(writer)
        self.running += 1

        def emit(data: bytes, continues: bool) -> None:
            self.stream.publish(Entry(time.time(), "app", dyno, data, continues))

        def on_eof() -> None:
            child.wait()
            self.running -= 1
            if not self.running:
                self.all_ended.set()

        loop = asyncio.get_running_loop()
        splitter = LineSplitter(strip_cr=self.terminals)
        after = self.partial_after
        self.pumps.append(Pump(loop, reader, splitter, emit, partial_after=after, on_eof=on_eof))


def collect(
    main: Callable[[int], None], delay: float = 0.0, begin: threading.Event | None = None
) -> bytes:
    """What main(fd) writes to fd, read with a pause of delay seconds after each 64 KiB, from when
    begin is set: a busy machine may be no quicker than a slow reader."""
    reader, writer = os.pipe()
    output = bytearray()

    def read() -> None:
        if begin is not None:
            begin.wait(20)
        while data := os.read(reader, 65_536):
            output.extend(data)
            if delay:
                time.sleep(delay)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        main(writer)
    finally:
        os.close(writer)
        thread.join(30)
        os.close(reader)
    return bytes(output)


@pytest.mark.parametrize(
    ("buffering", "delay", "terminals"),
    [
        pytest.param("block", 0.0, False, id="buffered"),
        pytest.param("line", 0.0, False, id="line by line"),
        pytest.param("block", 0.002, False, id="slow reader"),
        pytest.param("line", 0.0, True, id="terminals"),
        pytest.param("line", 0.003, True, id="terminals and slow reader"),
    ],
)
def test_100000_lines_from_each_of_two_dynos(buffering: str, delay: float, terminals: bool) -> None:
    pauses = []
    behind = threading.Event()
    high = 512 << 10 if delay else 4 << 20

    def main(out: int) -> None:
        async def platform() -> None:
            platform = Platform(out, terminals, high)
            platform.partial_after = 10  # a child may be held up in the middle of a line
            platform.behind = behind
            for dyno in ("web.1", "worker.1"):
                platform.spawn(dyno, sys.executable, "-S", "-c", COUNTING, str(LINES), buffering)
            await asyncio.wait_for(platform.all_ended.wait(), 50)
            assert platform.console.queued < high + (1 << 20)
            assert platform.console.close(20)
            pauses.append(platform.pauses)

        asyncio.run(platform())

    output = collect(main, delay, behind if delay else None)
    assert output.count(b"\n") == 2 * LINES
    pattern = rb"^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 app\[%s\]: (\d{8}) x{70}$"
    for dyno in (rb"web\.1", rb"worker\.1"):
        found = re.findall(pattern % dyno, output, re.MULTILINE)
        assert found == [b"%08d" % number for number in range(LINES)]
    if delay:
        assert pauses[0] > 0


def test_any_bytes_of_any_process_come_out(tmp_path: object) -> None:
    script = """
import os, time
os.write(1, b"nul \\0 bad \\xff\\xfe cut \\xc3\\n")
os.write(2, b"to stderr\\n")
os.write(1, b"y" * 25_000 + b"\\n")
os.write(1, b"no end")
"""

    def main(out: int) -> None:
        async def platform() -> None:
            platform = Platform(out)
            platform.spawn("web.1", sys.executable, "-S", "-c", script)
            await asyncio.wait_for(platform.all_ended.wait(), 20)
            assert platform.console.close(5)

        asyncio.run(platform())

    lines = [line.partition(b" app[web.1]: ")[2] for line in collect(main).split(b"\n")]
    assert lines == [
        b"nul \0 bad \xff\xfe cut \xc3",
        b"to stderr",
        b"y" * 10_000,
        b"y" * 10_000,
        b"y" * 5_000,
        b"no end",
        b"",
    ]


PROMPT = """
import os, sys
os.write(1, b"Name: ")
os.write(1, sys.stdin.buffer.readline())
"""


def test_a_partial_line_holds_nobody_back() -> None:
    def main(out: int) -> None:
        async def platform() -> None:
            platform = Platform(out)
            stdin, answer = os.pipe()
            seen = TailReader()
            platform.stream.subscribe(seen)
            platform.spawn("web.1", sys.executable, "-S", "-c", PROMPT, stdin=stdin)
            os.close(stdin)
            for spawn in (
                lambda: None,
                lambda: platform.spawn("worker.1", "/bin/echo", "tick"),
                lambda: os.write(answer, b"Bob\n"),
            ):
                spawn()
                deadline = time.monotonic() + 10
                while not seen.take():
                    assert time.monotonic() < deadline
                    await asyncio.sleep(0.005)
            os.close(answer)
            await asyncio.wait_for(platform.all_ended.wait(), 10)
            assert platform.console.close(5)

        asyncio.run(platform())

    lines = [line.partition(b" app")[2] for line in collect(main).splitlines()]
    assert lines == [b"[web.1]: Name: ", b"[worker.1]: tick", b"[web.1]: Bob"]
