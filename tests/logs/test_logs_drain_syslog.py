"""Syslog drains against receivers that close, stop reading, or talk."""

from __future__ import annotations

import asyncio
import ssl

import trustme
from drain_frames import read
from drain_kit import TOKEN, Rig, Tap, until

from localku.logs.drain_syslog import MAX_TALK


def test_frames_are_octet_counted_with_the_token_as_host() -> None:
    async def main() -> None:
        async with Tap().open() as tap, Rig(f"syslog://127.0.0.1:{tap.port}") as rig:
            rig.say("one", "two\t\x1b[1m")
            await until(lambda: len(tap.texts) == 2, "two lines")
            rig.say("three")
            await until(lambda: len(tap.texts) == 3, "three lines")
            assert tap.texts == ["one", "two\t\x1b[1m", "three"]
            assert len(tap.connections) == 1
            frame = read(bytes(tap.connections[0]), structured=True)[0]
            assert (frame.pri, frame.host, frame.app, frame.proc) == (190, TOKEN, "app", "web.1")
            assert rig.delivery.delivered == 3

    asyncio.run(main())


def test_an_idle_connection_that_the_receiver_closed_loses_nothing() -> None:
    async def main() -> None:
        async with Tap().open() as tap, Rig(f"syslog://127.0.0.1:{tap.port}") as rig:
            rig.say("one")
            await until(lambda: tap.texts == ["one"], "the first line")
            tap.writers[0].close()
            await until(lambda: rig.drain._sender._line.lost, "seen")  # type: ignore[attr-defined]
            rig.say("two")
            await until(lambda: tap.texts == ["one", "two"], "the second line")
            assert rig.said == []

    asyncio.run(main())


def test_a_receiver_that_does_not_read_is_given_up_and_tried_again() -> None:
    async def main() -> None:
        tap = Tap()
        tap.reads = False
        async with tap.open(), Rig(f"syslog://127.0.0.1:{tap.port}", timeout=0.2) as rig:
            lines = 0
            while not rig.delivery.trouble:  # the kernel's buffers are full at some time
                rig.say(*("x" * 1000 for _ in range(100)))
                lines += 100
                await asyncio.sleep(0)
            assert rig.delivery.trouble == "no answer in time"
            tap.reads = True
            await until(lambda: not rig.delivery.trouble, "it reads again")
            await until(lambda: rig.delivery.waiting == 0, "all is delivered")
            assert rig.delivery.delivered + rig.delivery.dropped == lines
            assert len(rig.said) == 2

    asyncio.run(main())


def test_a_receiver_that_was_away_gets_what_was_kept_and_l10() -> None:
    async def main() -> None:
        tap = Tap()
        async with tap.open():
            pass
        async with Rig(f"syslog://127.0.0.1:{tap.port}", messages=10) as rig:
            rig.say("first")
            await until(lambda: rig.delivery.trouble == "connection refused", "trouble")
            rig.say(*range(40))
            async with tap.open():
                await until(lambda: rig.delivery.delivered == 11, "what was kept")
                await until(lambda: len(tap.texts) == 12, "it arrived")
                assert tap.texts[0] == "first"
                assert "Error L10 (output buffer overflow): 30 messages dropped" in tap.texts[1]
                assert tap.texts[2:] == [str(number) for number in range(30, 40)]

    asyncio.run(main())


def test_a_receiver_that_talks_is_hung_up_on() -> None:
    async def main() -> None:
        async with Tap().open() as tap, Rig(f"syslog://127.0.0.1:{tap.port}") as rig:
            rig.say("one")
            await until(lambda: tap.texts == ["one"], "the first line")
            tap.writers[0].write(b"x" * (MAX_TALK + 1))
            await until(lambda: rig.drain._sender._line.lost, "hung up")  # type: ignore[attr-defined]
            rig.say("two")
            await until(lambda: tap.texts == ["one", "two"], "the second line")

    asyncio.run(main())


def test_tls_is_verified_and_the_last_words_arrive() -> None:
    ca = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(server)

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cadata=ca.cert_pem.bytes().decode())

    async def main() -> None:
        async with Tap().open(server) as tap:
            url = f"syslog+tls://localhost:{tap.port}"
            rig = Rig(url, context=trusting)
            rig.drain.start()
            rig.say(*range(500))
            await rig.drain.close(5)
            await until(lambda: len(tap.texts) == 500, "all lines")
            assert tap.texts == [str(number) for number in range(500)]
            async with Rig(url) as stranger:
                stranger.say("never sent")
                await until(lambda: stranger.said, "L14")
                assert stranger.said[0].startswith("Error L14 (certificate validation): error=")
                assert f'uri="syslog+tls://localhost:{tap.port}/"' in stranger.said[0]
            assert len(tap.texts) == 500

    asyncio.run(main())
