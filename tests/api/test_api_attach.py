"""The attach endpoint, spoken to as a WebSocket client that is not ours might."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from api_kit import ask
from attach_kit import attached, go, start
from conftest import Folder

from localku.api.attach import ENDED, TOO_SLOW

CAT = "cat: exec cat\n"


def test_bytes_go_both_ways_and_into_the_log(folder: Folder) -> None:
    running = start(folder, CAT)

    async def test() -> None:
        async with attached(folder.path, "cat.1") as terminal:
            await terminal.type("grüße\r".encode())
            await terminal.see("grüße\r\ngrüße\r\n".encode())

    go(test)
    running.wait_for(r"app\[cat\.1\]: grüße$", count=2)


def test_several_terminals_see_the_same(folder: Folder) -> None:
    start(folder, CAT)

    async def test() -> None:
        async with attached(folder.path, "cat.1") as one, attached(folder.path, "cat.1") as two:
            await one.type(b"from one\r")
            await two.see(b"from one\r\nfrom one\r\n")
            await two.type(b"from two\r")
            await one.see(b"from two\r\nfrom two\r\n")

    go(test)


def test_one_that_joins_may_ask_what_was_said_last(folder: Folder) -> None:
    running = start(folder, "ask: printf 'hello\\nname? '; read name; exec sleep 600\n")
    running.wait_for(r"app\[ask\.1\]: name\? ")

    async def test() -> None:
        async with attached(folder.path, "ask.1", "?recent=1") as terminal:
            await terminal.see(b"hello\r\nname? ")
        async with attached(folder.path, "ask.1") as terminal:
            await terminal.type(b"x")
            await terminal.see(b"x")
            assert bytes(terminal.seen) == b"x"

    go(test)


COUNT = """\
import os, sys, time, tty
tty.setraw(0)
print("ready", end="\\r\\n", flush=True)
time.sleep(1)
left = int(sys.argv[1])
while left > 0:
    left -= len(os.read(0, 65536))
print("got all", end="\\r\\n", flush=True)
time.sleep(600)
"""


def test_a_long_paste_arrives_whole(folder: Folder) -> None:
    """More than the pty and all buffers on the way hold, to a dyno that reads late."""
    block, blocks = b"0123456789" * 400, 150
    folder.write("count.py", COUNT)
    start(folder, f"count: exec python3 count.py {len(block) * blocks}\n")

    async def test() -> None:
        async with attached(folder.path, "count.1", "?recent=1") as terminal:
            await terminal.see(b"ready\r\n")
            for _ in range(blocks):
                await terminal.type(block)
            await terminal.see(b"got all\r\n")

    go(test)


FLOOD = 'loud: read go; yes "$(seq -s- 300)" | head -c 4000000; echo; echo done; exec cat\n'


def test_a_slow_terminal_skips_and_neither_the_log_nor_another_one_waits(folder: Folder) -> None:
    running = start(folder, FLOOD)

    async def test() -> None:
        async with attached(folder.path, "loud.1") as slow, attached(folder.path, "loud.1") as one:
            await one.type(b"\r")
            await one.see(b"done\r\n")
            await slow.see(b"bytes skipped, this terminal is slower than the dyno]")
            await slow.see(b"done\r\n")
            assert len(slow.seen) < 4_000_000
            await one.type(b"still here\r")
            for terminal in (slow, one):
                await terminal.see(b"still here\r\nstill here\r\n")

    go(test)
    running.wait_for(r"app\[loud\.1\]: still here$", count=2)


def test_a_terminal_that_never_reads_is_let_go_and_told(folder: Folder) -> None:
    line = 'yes "$(seq -s- 300)" | head -c 200000'
    procfile = f"loud: read go; while true; do {line}; sleep 0.05; done\n"
    start(folder, procfile, "--time-scale", "0.03")  # a second for half a minute

    async def test() -> None:
        async with attached(folder.path, "loud.1") as terminal:
            await terminal.type(b"\r")
            await asyncio.sleep(3)
            assert await terminal.end() == (TOO_SLOW, "this terminal did not read")

    go(test)


def test_a_dyno_that_never_reads_is_told_to_the_terminal(folder: Folder) -> None:
    start(folder, "deaf: stty raw -echo; exec sleep 600\n", "--time-scale", "0.03")

    async def test() -> None:
        async with attached(folder.path, "deaf.1") as terminal:
            await asyncio.sleep(0.3)
            for _ in range(40):
                await terminal.type(b"x" * 4000)
            assert await terminal.end() == (TOO_SLOW, "deaf.1 does not read its input")

    go(test)


ENDS: dict[str, tuple[str, tuple[str, ...], Callable[[Path], object], str]] = {
    "a restart": (
        CAT, (), lambda root: ask(root, "DELETE", "/apps/shop/dynos/cat.1"),
        "cat.1 is restarting",
    ),
    "scaled away": (
        CAT, (), lambda root: ask(root, "PATCH", "/apps/shop/formation/cat", {"quantity": 0}),
        "cat.1 was stopped",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("procfile", "flags", "act", "reason"), ENDS.values(), ids=ENDS)
def test_the_end_of_a_run_is_told(
    folder: Folder,
    procfile: str,
    flags: tuple[str, ...],
    act: Callable[[Path], object],
    reason: str,
) -> None:
    start(folder, procfile, *flags)

    async def test() -> None:
        async with attached(folder.path, "cat.1") as terminal:
            await terminal.type(b"x\r")
            await terminal.see(b"x\r\nx\r\n")
            await asyncio.get_running_loop().run_in_executor(None, act, folder.path)
            assert await terminal.end() == (ENDED, reason)

    go(test)


def test_a_crash_is_told_with_what_was_said_last(folder: Folder) -> None:
    running = start(
        folder, "ask: read x; echo bye; exit 3\n", "--backoff-first", "300", "--backoff-max", "300"
    )

    async def test() -> None:
        for run in (1, 2):  # the second crash is followed by a cool-off
            running.wait_for(r"heroku\[ask\.1\]: State changed from starting to up$", count=run)
            async with attached(folder.path, "ask.1") as terminal:
                await terminal.type(b"\r")
                code, reason = await terminal.end()
                assert terminal.seen.endswith(b"bye\r\n")
        assert (code, reason) == (ENDED, "ask.1 crashed")

    go(test)
    answer = ask(folder.path, "GET", "/localku/apps/shop/dynos/ask.1/attach")
    assert answer.error == (409, "conflict")
    assert answer.value["message"] == "ask.1 is crashed: there is no process to attach to."


def test_the_end_of_the_platform_is_told(folder: Folder) -> None:
    running = start(folder, CAT)

    async def test() -> None:
        async with attached(folder.path, "cat.1") as terminal:
            await terminal.type(b"x\r")
            await terminal.see(b"x\r\nx\r\n")
            running.signal(signal.SIGTERM)
            assert await terminal.end() == (1001, "localku is stopping")

    go(test)
    assert running.wait() == 143
    running.assert_nothing_left()


def test_a_terminal_that_is_frozen_does_not_keep_the_platform(folder: Folder) -> None:
    running = start(folder, 'loud: read go; yes "$(seq -s- 300)" | head -c 4000000; exec cat\n')

    async def test() -> None:
        async with attached(folder.path, "loud.1") as terminal:
            await terminal.type(b"\r")
            running.wait_for(r"app\[loud\.1\]: 1-2-3-", count=500)
            before = time.monotonic()
            running.signal(signal.SIGTERM)
            await asyncio.get_running_loop().run_in_executor(None, running.wait)
            assert time.monotonic() - before < 5

    go(test)
    running.assert_nothing_left()


def test_a_terminal_that_speaks_nonsense_is_let_go(folder: Folder) -> None:
    start(folder, CAT)

    async def test() -> None:
        async with attached(folder.path, "cat.1") as terminal:
            await terminal.socket.send_str("resize, please")
            code, reason = await terminal.end()
            assert code == 1007
            assert "resize" in reason

    go(test)


def test_without_a_pty_the_flag_is_named(folder: Folder) -> None:
    folder.write("Procfile", "worker: exec sleep 600\n")
    _ = folder.start("--no-pty").port
    answer = ask(folder.path, "GET", "/localku/apps/shop/dynos/worker.1/attach")
    assert answer.error == (409, "conflict")
    assert "--pty" in answer.value["message"]


def test_a_plain_request_is_told_to_speak_websocket(folder: Folder) -> None:
    start(folder, CAT)
    answer = ask(folder.path, "GET", "/localku/apps/shop/dynos/cat.1/attach")
    assert answer.error == (426, "upgrade_required")


def test_a_terminal_that_vanishes_is_forgotten(folder: Folder) -> None:
    """Its connection breaks without a goodbye; the dyno and the next terminal do not notice."""
    running = start(folder, CAT)

    async def test() -> None:
        for _ in range(3):
            async with attached(folder.path, "cat.1") as terminal:
                await terminal.type(b"x\r")
                await terminal.see(b"x\r\nx\r\n")
                transport = terminal.socket._conn.transport if terminal.socket._conn else None
                assert transport is not None
                transport.abort()

    go(test)
    assert "Traceback" not in running.text
    assert "Internal error" not in running.text
