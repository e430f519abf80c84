"""The TLS port: what its clients see and send is what those of the plain port do, and no more."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct

import pytest
from router_rig import GET, Conn, MakePoller, Rig, fields_of, rigged, run, until
from test_router_pollers import POLLERS
from tls_kit import lenient, pki

from localku.router.settings import RouterSettings

H = b"Host: app.localhost\r\n"
BIG = bytes(range(256)) * 40_000


async def _mirror(conn: Conn) -> None:
    while await conn.head():
        body = await conn.exactly(len(BIG))
        await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _blocking(rig: Rig) -> ssl.SSLSocket:
    """A client that is no asyncio one: it reads only when it is told to."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    sock.connect(("127.0.0.1", rig.tls_port))
    assert rig.trust is not None
    return rig.trust.wrap_socket(sock, server_hostname="app.localhost")


def test_keep_alive_and_what_the_dyno_and_the_log_are_told() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            dyno = await rig.dyno()
            client = await rig.dial_tls()
            for _ in range(3):
                assert (await client.ask(GET))[1] == b"ok"
            assert len(dyno.heads) == 3
            for field in (b"X-Forwarded-Proto: https", b"X-Forwarded-Port: %d" % rig.tls_port):
                assert b"\r\n" + field + b"\r\n" in dyno.heads[0]
            plain = await rig.dial()
            await plain.ask(GET)
            assert b"\r\nX-Forwarded-Proto: http\r\n" in dyno.heads[3]
            await until(lambda: len(rig.lines) == 4)
            ends = [fields_of(line)["protocol"] for line in rig.lines]
            assert ends == ["https", "https", "https", "http"]

    run(scenario())


def test_the_line_of_router_2() -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(log_format="2.0"), pki=pki()) as rig:
            await rig.dyno()
            await (await rig.dial_tls()).ask(GET)
            assert (await rig.line()).endswith(" protocol=http1.1 tls=true tls_version=unknown")

    run(scenario())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions(version: ssl.TLSVersion) -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            context = lenient()
            context.minimum_version = context.maximum_version = version
            client = await rig.dial_tls(ssl=context)
            assert (await client.ask(GET))[1] == b"ok"

    run(scenario())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_older_versions_are_refused_quietly() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            context = lenient()
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
            with pytest.raises((ssl.SSLError, ConnectionError)):
                await rig.dial_tls(ssl=context)
            await until(lambda: not rig.router.fronts)
            assert rig.lines == []

    run(scenario())


@pytest.mark.parametrize("poller", POLLERS)
def test_big_bodies_both_ways(poller: MakePoller) -> None:
    async def scenario() -> None:
        async with rigged(poller=poller, pki=pki()) as rig:
            await rig.dyno(_mirror)
            client = await rig.dial_tls()
            for _ in range(2):
                client.writer.write(
                    b"PUT / HTTP/1.1\r\n" + H + b"Content-Length: %d\r\n\r\n" % len(BIG) + BIG
                )
                assert (await client.response())[1] == BIG

    run(scenario())


def test_a_slow_reader_slows_the_dyno() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            sent = 0
            total = 40_000_000

            async def endless(conn: Conn) -> None:
                nonlocal sent
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % total)
                while sent < total:
                    await conn.send(bytes(100_000))
                    sent += 100_000

            await rig.dyno(endless)
            client = await asyncio.to_thread(_blocking, rig)
            try:
                await asyncio.to_thread(client.sendall, GET)
                before = -1
                while before != sent:  # until nothing moves any more
                    before = sent
                    await asyncio.sleep(0.15)
                assert sent < 30_000_000  # the kernel's buffers take a lot
                (front,) = rig.router.fronts
                assert front.backlog < 400_000  # type: ignore[attr-defined]

                def read_all() -> int:
                    got = 0
                    while got < total:
                        got += len(client.recv(1_000_000))
                    return got

                assert await asyncio.to_thread(read_all) > total
            finally:
                client.close()

    run(scenario())


@pytest.mark.parametrize(
    "head", [b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n4\r\nha", b"\r\n"]
)
def test_truncated_stays_truncated(head: bytes) -> None:
    """For a body that the connection's end would end, TLS itself tells: no close_notify."""

    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            begun = asyncio.Event()
            loop = asyncio.get_running_loop()

            async def half(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\n" + head + b"lf")
                await begun.wait()
                conn.reset()

            await rig.dyno(half)
            client = await asyncio.to_thread(_blocking, rig)
            client.suppress_ragged_eofs = False

            def read() -> bytes:
                client.settimeout(10)
                client.sendall(GET)
                got = b""
                try:
                    while part := client.recv(65_536):
                        got += part
                        if got.endswith(b"lf"):
                            loop.call_soon_threadsafe(begun.set)
                except (ssl.SSLEOFError, ConnectionResetError):
                    got += b"<broken>"
                return got

            try:
                got = await asyncio.to_thread(read)
            finally:
                client.close()
            if head == b"\r\n":
                assert got.endswith(b"lf<broken>")
            assert got.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\n0\r\n" not in got
            assert fields_of(await rig.line())["code"] == "H18"

    run(scenario())


def test_an_end_is_told_by_close_notify() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:

            async def once(conn: Conn) -> None:
                await conn.head()
                await conn.send(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")

            await rig.dyno(once)
            client = await asyncio.to_thread(_blocking, rig)
            client.suppress_ragged_eofs = False

            def read() -> bytes:
                client.settimeout(10)
                client.sendall(GET)
                got = b""
                while part := client.recv(65_536):
                    got += part
                return got

            try:
                assert (await asyncio.to_thread(read)).endswith(b"\r\n\r\nuntil the end")
            finally:
                client.close()

    run(scenario())


def test_a_refusal_reaches_a_client_that_is_still_sending() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            client = await rig.dial_tls()
            client.writer.write(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + bytes(3_000_000))
            head, body = await client.response()
            assert head.startswith(b"HTTP/1.1 400 ")
            assert b"400 Bad Request" in body

    run(scenario())


def test_a_websocket() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:

            async def echo(conn: Conn) -> None:
                await conn.head()
                await conn.send(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    b"Connection: Upgrade\r\n\r\n"
                )
                while data := await conn.reader.read(65_536):
                    await conn.send(data)

            await rig.dyno(echo)
            client = await rig.dial_tls()
            await client.send(
                b"GET /ws HTTP/1.1\r\n" + H + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
            )
            assert (await client.head()).startswith(b"HTTP/1.1 101 ")
            for size in (1, 100, 100_000):
                client.writer.write(bytes(size))
                assert await client.exactly(size) == bytes(size)
            await client.close()
            fields = fields_of(await rig.line())
            assert (fields["status"], fields["protocol"]) == ("101", "https")

    run(scenario())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("app.localhost", "app.localhost"),
        ("API.localhost", "api.localhost"),
        ("other.localhost", "localhost"),
        (None, "localhost"),
    ],
)
def test_the_name_picks_the_certificate(name: str | None, shown: str) -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            context = ssl.create_default_context(cafile=None)
            context.check_hostname = False
            assert rig.trust is not None
            context.load_verify_locations(cadata=_roots(rig.trust))
            client = await rig.dial_tls(name or "", ssl=context)
            certificate = client.writer.get_extra_info("peercert")
            assert certificate["subjectAltName"] == (("DNS", shown),)

    run(scenario())


def _roots(trust: ssl.SSLContext) -> str:
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in trust.get_ca_certs(binary_form=True))


@pytest.mark.parametrize("request_", [GET, b"OPTIONS * HTTP/1.1\r\n\r\n", b"\r\n", b"\x00\x01"])
def test_plain_http_is_told_so(request_: bytes) -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            client = Conn(*await asyncio.open_connection("127.0.0.1", rig.tls_port))
            rig.clients.append(client)
            await client.send(request_)
            got = await client.rest()
            assert got.startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert b"This port speaks https" in got
            line = await rig.line()
            assert 'code=H26 desc="Request Error" cause="plain HTTP on the TLS port" ' in line
            await client.close()
            await until(lambda: not rig.router.fronts)

    run(scenario())


def test_handshakes_that_fail_are_quiet() -> None:
    async def scenario() -> None:
        faults: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            for start in (
                b"\x16\x03\x01\x00\x05hello",
                b"\x16" * 500,
                b"\x16\x03\x01\xff\xff" * 99,
            ):
                client = Conn(*await asyncio.open_connection("127.0.0.1", rig.tls_port))
                await client.send(start)
                await client.close()
            distrustful = ssl.create_default_context()
            for _ in range(3):
                with pytest.raises(ssl.SSLError):
                    await rig.dial_tls(ssl=distrustful)
            for linger in (b"", struct.pack("ii", 1, 0)):
                sock = socket.create_connection(("127.0.0.1", rig.tls_port))
                if linger:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                sock.close()
            await until(lambda: not rig.router.fronts)
            assert (await (await rig.dial_tls()).ask(GET))[1] == b"ok"
            await until(lambda: len(rig.lines) == 1)
            assert faults == []

    run(scenario())


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"])
def test_a_slow_handshake_ends(said: bytes) -> None:
    async def scenario() -> None:
        async with rigged(RouterSettings(head_timeout=0.1), pki=pki()) as rig:
            client = Conn(*await asyncio.open_connection("127.0.0.1", rig.tls_port))
            rig.clients.append(client)
            if said:
                await client.send(said)
            assert await client.rest() == b""
            await until(lambda: not rig.router.fronts)
            assert rig.lines == []

    run(scenario())


def test_a_drip_fed_handshake_succeeds() -> None:
    """A client's hello that comes in small pieces, as over a slow line."""

    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            assert rig.trust is not None
            tls = rig.trust.wrap_bio(incoming, outgoing, server_hostname="app.localhost")
            client = Conn(*await asyncio.open_connection("127.0.0.1", rig.tls_port))
            rig.clients.append(client)

            async def send() -> None:
                data = outgoing.read()
                for at in range(0, len(data), 64):
                    await client.send(data[at : at + 64])
                    await asyncio.sleep(0)

            async def through(step: object) -> object:
                while True:
                    try:
                        return step()  # type: ignore[operator]
                    except ssl.SSLWantReadError:
                        await send()
                        incoming.write(await client.reader.read(65_536))
                    finally:
                        await send()

            await through(tls.do_handshake)
            tls.write(GET)
            answer = await through(lambda: tls.read(65_536))
            assert isinstance(answer, bytes)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")

    run(scenario())


def test_requests_that_come_in_one_segment_are_all_answered() -> None:
    """Nothing may stay behind in the TLS layer where no poll sees it."""

    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            client = await rig.dial_tls()
            transport = client.writer.transport
            for _ in range(50):
                transport.write(GET)  # a record each
            for _ in range(50):
                assert (await client.response())[1] == b"ok"

    run(scenario())


def test_a_client_that_goes_is_h27() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            asked = asyncio.Event()

            async def hang(conn: Conn) -> None:
                await conn.head()
                asked.set()
                await conn.rest()

            await rig.dyno(hang)
            client = await rig.dial_tls()
            await client.send(GET)
            await asked.wait()
            client.writer.transport.abort()
            fields = fields_of(await rig.line())
            assert (fields["code"], fields["protocol"]) == ("H27", "https")

    run(scenario())


def test_sessions_are_resumed() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            assert rig.trust is not None
            trust = rig.trust

            def ask(session: ssl.SSLSession | None) -> tuple[bool | None, ssl.SSLSession | None]:
                with socket.create_connection(("127.0.0.1", rig.tls_port)) as sock:
                    tls = trust.wrap_socket(sock, server_hostname="app.localhost", session=session)
                    with tls:
                        tls.sendall(GET)
                        assert tls.recv(65_536)
                        return tls.session_reused, tls.session

            _, session = await asyncio.to_thread(ask, None)
            assert (await asyncio.to_thread(ask, session))[0] is True

    run(scenario())


def test_closing_ends_handshakes_and_idle_clients() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            silent = Conn(*await asyncio.open_connection("127.0.0.1", rig.tls_port))
            idle = await rig.dial_tls()
            await idle.ask(GET)
            await until(lambda: len(rig.router.fronts) == 2)
            await rig.router.close(1)
            assert await silent.rest() == b""
            assert await idle.rest() == b""
            await silent.close()

    run(scenario())


def test_certificates_are_replaced_while_it_serves() -> None:
    async def scenario() -> None:
        async with rigged(pki=pki()) as rig:
            await rig.dyno()
            old = await rig.dial_tls("api.localhost")
            assert rig.identities is not None
            rig.identities.replace({"app.localhost": pki().files["app.localhost"]})
            with pytest.raises(ssl.SSLCertVerificationError):
                await rig.dial_tls("api.localhost")
            assert (await old.ask(GET))[1] == b"ok"
            assert (await (await rig.dial_tls()).ask(GET))[1] == b"ok"

    run(scenario())
