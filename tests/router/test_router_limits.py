"""Shortages, in a process of their own: descriptors that run out, memory that must not grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PATH = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})"

EXHAUSTED = """
import asyncio, resource, socket
from router_rig import GET, rigged, run

async def read(sock):
    data = b""
    while part := await asyncio.get_running_loop().sock_recv(sock, 65536):
        data += part
    return data

async def scenario():
    async with rigged() as rig:
        loop = asyncio.get_running_loop()
        await rig.dyno()
        first = await rig.dial()
        assert (await first.ask(GET))[1] == b"ok"
        extra = [socket.socket() for _ in range(3)]
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(s.fileno() for s in extra) + 1, hard))
        for sock in extra:
            sock.setblocking(False)
            await loop.sock_connect(sock, rig.router._acceptors[0]._sock.getsockname())
            assert (await read(sock)).startswith(b"HTTP/1.1 503 Service Unavailable\\r\\n")
        assert (await first.ask(GET))[1] == b"ok"
        for sock in extra:
            sock.close()
        fresh = await rig.dial()
        assert (await fresh.ask(GET))[1] == b"ok"
        print([line for line in rig.lines if "H22" in line][0])

run(scenario())
"""


def _run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{PATH}\n{code}"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_descriptor_left_is_h22_and_passes() -> None:
    said = _run(EXHAUSTED)
    assert 'at=error code=H22 desc="Connection limit reached" method=' in said


UNREAD = """
import asyncio, os, socket
from router_rig import GET, rigged, run, until

def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

async def scenario():
    async with rigged() as rig:
        async def pour(conn):
            await conn.head()
            conn.writer.transport.set_write_buffer_limits(0)
            await conn.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 300000000\\r\\n\\r\\n")
            block = bytes(65536)
            for _ in range(300000000 // 65536):
                conn.writer.write(block)
                await conn.writer.drain()
        await rig.dyno(pour)
        warm = socket.create_connection(("127.0.0.1", rig.port))
        warm.send(GET)
        await until(lambda: any(front.blocked for front in rig.router.fronts))
        before = rss()
        socks = []
        for _ in range(20):
            sock = socket.socket()
            sock.connect(("127.0.0.1", rig.port))
            sock.send(GET)
            socks.append(sock)
        await until(lambda: sum(front.blocked for front in rig.router.fronts) == 21)
        await asyncio.sleep(0.2)
        print((rss() - before) // 20)
        for sock in [warm, *socks]:
            sock.close()

run(scenario())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_client_that_does_not_read_costs_less_than_a_megabyte() -> None:
    assert int(_run(UNREAD)) < 1_000_000


DRIPS = """
import asyncio
from router_rig import GET, rigged, run, until

def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

async def scenario():
    async with rigged() as rig:
        await rig.dyno()
        await (await rig.dial()).ask(GET)
        import _socket
        socks = []
        before = rss()
        for n in range(1000):
            sock = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
            sock.connect(("127.0.0.1", rig.port))
            sock.send(b"GET / HTTP/1.1\\r\\n")
            socks.append(sock)
            if n % 100 == 0:
                await asyncio.sleep(0)
        await until(lambda: len(rig.router.fronts) == 1001)
        for part in (b"Host: app", b".localhost\\r\\n", b"A: b"):
            for sock in socks:
                sock.send(part)
            await asyncio.sleep(0.02)
        await until(lambda: all(len(f.held) == 41 for f in rig.router.fronts if f.held))
        assert (await (await rig.dial()).ask(GET))[1] == b"ok"
        print((rss() - before) // 1000)
        for sock in socks:
            sock.close()

run(scenario())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_thousand_drips_cost_a_few_kilobytes_each() -> None:
    assert int(_run(DRIPS)) < 4_000
