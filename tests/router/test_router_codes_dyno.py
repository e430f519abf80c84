"""The H-codes of requests that a dyno had: too slow, cut, garbage, or the client went away."""

from __future__ import annotations

import asyncio
import time

from router_rig import GET, Conn, fields_of, rigged, run, until

from localku.router.settings import RouterSettings

QUICK = RouterSettings().scaled(0.01)  # 30 s become 0.3 s
POST = b"POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 10\r\n\r\n"


def _check(line: str, opening: str, **wanted: str) -> None:
    assert line.startswith(opening + " method="), line
    fields = fields_of(line)
    for name, value in wanted.items():
        assert fields[name] == value, (name, line)


EMPTY = {"dyno": "", "connect": "", "service": "", "bytes": ""}


def test_h12_no_answer_in_time() -> None:
    async def scenario() -> None:
        async with rigged(QUICK) as rig:
            gone = asyncio.Event()

            async def silent(conn: Conn) -> None:
                await conn.rest()
                gone.set()

            await rig.dyno(silent)
            client = await rig.dial()
            began = time.monotonic()
            head, _ = await client.ask(GET)
            assert 0.28 < time.monotonic() - began < 1.5
            assert b" 503 " in head
            line = await rig.line()
            _check(
                line,
                'at=error code=H12 desc="Request timeout"',
                dyno="web.1",
                status="503",
                bytes="0",
            )
            assert 300 <= int(fields_of(line)["service"].removesuffix("ms")) < 1500
            await asyncio.wait_for(gone.wait(), 5)

    run(scenario())


def test_h12_counts_from_the_end_of_the_request() -> None:
    async def scenario() -> None:
        async with rigged(QUICK) as rig:

            async def slow(conn: Conn) -> None:
                await conn.head()
                await conn.exactly(10)
                await asyncio.sleep(0.2)
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

            await rig.dyno(slow)
            client = await rig.dial()
            await client.send(POST)
            for _ in range(10):
                await asyncio.sleep(0.03)
                await client.send(b"x")
            assert (await client.response())[1] == b"ok"

    run(scenario())


def test_h13_closed_without_a_byte() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def rude(conn: Conn) -> None:
                await conn.head()

            await rig.dyno(rude)
            client = await rig.dial()
            head, _ = await client.ask(GET)
            assert b" 503 " in head
            _check(
                await rig.line(),
                'at=error code=H13 desc="Connection closed without response"',
                dyno="web.1",
                status="503",
                bytes="0",
            )

    run(scenario())


def test_h15_dyno_idle_in_mid_response() -> None:
    async def scenario() -> None:
        async with rigged(QUICK) as rig:

            async def stuck(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                await conn.rest()

            await rig.dyno(stuck)
            client = await rig.dial()
            await client.send(GET)
            assert (await client.rest()).endswith(b"\r\n\r\nabc")
            _check(
                await rig.line(),
                'at=error code=H15 desc="Idle connection"',
                dyno="web.1",
                status="503",
                bytes="42",
            )

    run(scenario())


def test_h17_garbage() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def garbage(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"220 smtp.example.org ESMTP\r\n")
                await conn.rest()

            await rig.dyno(garbage)
            head, _ = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            _check(
                await rig.line(),
                'at=error code=H17 desc="Poorly formatted HTTP response"',
                dyno="web.1",
                status="503",
            )

    run(scenario())


def test_h18_cut_in_mid_response_is_never_a_clean_end() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def cut(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

            await rig.dyno(cut)
            client = await rig.dial()
            await client.send(GET)
            assert (await client.rest()).endswith(b"\r\n\r\nabc")
            _check(
                await rig.line(),
                'sock=backend at=error code=H18 desc="Server Request Interrupted"',
                dyno="web.1",
                status="200",
            )

    run(scenario())


def test_h18_cut_within_a_chunked_response() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def cut(conn: Conn) -> None:
                await conn.head()
                await conn.send(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\nde"
                )

            await rig.dyno(cut)
            client = await rig.dial()
            await client.send(GET)
            assert (await client.rest()).endswith(b"\r\n\r\n3\r\nabc\r\n5\r\nde")
            assert "code=H18" in await rig.line()

    run(scenario())


def test_h18_cut_within_the_head_gives_a_page() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def cut(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-")

            await rig.dyno(cut)
            head, _ = await (await rig.dial()).ask(GET)
            assert b" 503 " in head
            _check(
                await rig.line(),
                'sock=backend at=error code=H18 desc="Server Request Interrupted"',
                status="503",
            )

    run(scenario())


def test_h18_reset_of_a_response_that_ends_with_the_connection() -> None:
    async def scenario() -> None:
        async with rigged() as rig:

            async def reset(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
                await until(lambda: bool(rig.router.fronts))
                await asyncio.sleep(0.05)  # the bytes must be read before the reset discards them
                conn.reset()

            await rig.dyno(reset)
            client = await rig.dial()
            await client.send(GET)
            assert (await client.rest()).endswith(b"<reset>")
            assert "code=H18" in await rig.line()

    run(scenario())


def test_h27_client_gone_while_the_dyno_works() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            heard, gone = asyncio.Event(), asyncio.Event()

            async def slow(conn: Conn) -> None:
                await conn.head()
                heard.set()
                await conn.rest()
                gone.set()

            await rig.dyno(slow)
            client = await rig.dial()
            await client.send(GET)
            await heard.wait()
            await client.close()
            _check(
                await rig.line(),
                'sock=client at=warning code=H27 desc="Client Request Interrupted"',
                dyno="web.1",
                status="499",
                bytes="",
            )
            await asyncio.wait_for(gone.wait(), 5)

    run(scenario())


def test_h27_client_gone_while_waiting_for_a_dyno() -> None:
    async def scenario() -> None:
        async with rigged() as rig:
            rig.table(quantity=1, starting=1)
            client = await rig.dial()
            await client.send(GET)
            await until(lambda: rig.router.default is not None and rig.router.default.parked)
            await client.close()
            _check(
                await rig.line(),
                'sock=client at=warning code=H27 desc="Client Request Interrupted"',
                **EMPTY,
                status="499",
            )

    run(scenario())


def test_h28_client_stops_sending() -> None:
    async def scenario() -> None:
        async with rigged(QUICK) as rig:

            async def reader(conn: Conn) -> None:
                await conn.head()
                await conn.rest()

            await rig.dyno(reader)
            client = await rig.dial()
            await client.send(POST + b"abc")
            assert await client.rest() in (b"", b"<reset>")
            _check(
                await rig.line(),
                'at=warning code=H28 desc="Client Connection Idle"',
                dyno="web.1",
                status="499",
            )

    run(scenario())
