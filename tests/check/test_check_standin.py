"""What stands where a config var points: it lets everybody through, or nobody."""

from __future__ import annotations

import asyncio

from localku.check.asking import ask, crawl, links, read_script
from localku.check.record import Answer, Ask
from localku.check.standin import StandIn


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"said " + await reader.readline())
    await writer.drain()
    writer.close()


async def said_by(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"hello\n")
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


def test_it_lets_through_or_sends_off() -> None:
    async def main() -> None:
        service = await asyncio.start_server(echo, "127.0.0.1", 0)
        relay = StandIn(("127.0.0.1", service.sockets[0].getsockname()[1]))
        wall = StandIn(None)
        for each in (relay, wall):
            await each.open()
        try:
            assert await said_by(relay.port) == b"said hello\n"
            assert await said_by(wall.port) == b""
            assert (relay.came, wall.came) == (1, 1)
        finally:
            for each in (relay, wall):
                await each.close()
            service.close()

    asyncio.run(main())


def test_links_are_of_the_same_origin_and_harmless() -> None:
    page = """<a href="/a?b=1&amp;c=2">x</a> <img src='b.png'> <a href=https://else.where/x>
        <a href="/logout"> <a href="/items/1/delete"> <a href="#top"> <a href="mailto:x@y">"""
    answer = Answer(Ask("/sub/page"), 200, "text/html", page)
    assert links(answer, "localhost:5") == ["/a?b=1&c=2", "/sub/b.png"]


def test_odd_links_are_asked_for_or_left_alone() -> None:
    asked = []

    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        writer.write('<a href="//["> <a href="/\u00fc?a=%20[1]"> <a href=/\x01>'.encode())
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(page, "localhost", 0)
        answers = await crawl(server.sockets[0].getsockname()[1], ["/"])
        server.close()
        assert [each.status for each in answers] == [200, 200, 200]

    asyncio.run(main())
    assert asked == ["/", "/%C3%BC?a=%20[1]", "/%01"]


def test_a_stream_of_events_is_cut_when_it_is_silent() -> None:
    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfirst")
        await reader.read()  # until the other side is tired of it
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(stream, "127.0.0.1", 0)
        answer = await ask(server.sockets[0].getsockname()[1], Ask("/"), {})
        server.close()
        assert (answer.body, answer.cut) == ("first", True)
        assert answer.took < 6

    asyncio.run(main())


def test_a_script_of_requests() -> None:
    text = "# visit\n/\nPOST /entries author=me&message=hi there\nGET /api\n"
    assert read_script(text, "visit.txt") == [
        Ask("/"),
        Ask("/entries", "POST", "author=me&message=hi there"),
        Ask("/api"),
    ]
