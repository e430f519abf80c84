"""Drains over HTTP against receivers that behave as badly as receivers do."""

from __future__ import annotations

import asyncio
import ssl
import time

import pytest
import trustme
from drain_kit import OK, TOKEN, Receiver, Rig, flood, hang, reset, status, until


def test_a_post_is_what_logplex_sends() -> None:
    async def main() -> None:
        async with (
            Receiver().open() as receiver,
            Rig(f"http://bob:s%20cret@127.0.0.1:{receiver.port}/logs/in?key=a%2Fb") as rig,
        ):
            rig.say("one", "two")
            await until(lambda: rig.delivery.delivered == 2, "two lines")
            [post] = receiver.posts
            assert post.request == "POST /logs/in?key=a%2Fb HTTP/1.1"
            body, id = post.body, post.headers.pop("Logplex-Frame-Id")
            assert len(id) == 32 and set(id) <= set("0123456789ABCDEF")
            assert post.headers == {
                "Host": f"127.0.0.1:{receiver.port}",
                "Content-Type": "application/logplex-1",
                "Logplex-Msg-Count": "2",
                "Logplex-Drain-Token": TOKEN,
                "User-Agent": "Logplex/localku",
                "Content-Length": str(len(body)),
                "Authorization": "Basic Ym9iOnMgY3JldA==",
            }
            assert post.texts == ["one", "two"]

    asyncio.run(main())


def test_a_connection_is_kept_and_order_too() -> None:
    async def main() -> None:
        async with (
            Receiver().open() as receiver,
            Rig(f"http://localhost:{receiver.port}/") as rig,
        ):
            for number in range(20):
                rig.say(number)
                await until(lambda: rig.delivery.waiting == 0, "delivered")
            assert receiver.taken == [str(number) for number in range(20)]
            assert receiver.connections == 1

    asyncio.run(main())


async def _hundreds(post: object, reader: object, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()


TROUBLES = {
    "500": (status(500), "status 500"),
    "429": (status(429), "status 429"),
    "a redirect elsewhere": (status(302, "Location: file:///etc/passwd"), "status 302"),
    "a reset": (reset, ""),
    "no HTTP": (b"\x00\xff\x1b[31m garbage\r\n\r\n", ""),
    "silence": (hang, "no answer in time"),
    "endless headers": (flood(b"HTTP/1.1 204 No\r\n", b"X-More: " + b"x" * 4000 + b"\r\n"), ""),
    "an endless header": (flood(b"HTTP/1.1 204 No\r\nX: ", b"x" * 4096), ""),
    "endless 100s": (_hundreds, ""),
}


@pytest.mark.parametrize(("answer", "why"), TROUBLES.values(), ids=TROUBLES)
def test_whatever_a_receiver_does_the_same_batch_is_tried_again(answer: object, why: str) -> None:
    async def main() -> None:
        async with (
            Receiver(answer, answer, OK).open() as receiver,  # type: ignore[arg-type]
            Rig(f"http://127.0.0.1:{receiver.port}/secret-path", timeout=0.3) as rig,
        ):
            rig.say("kept")
            await until(lambda: rig.delivery.delivered == 1, "it came back")
            assert len(receiver.posts) == 3
            assert len({(post.id, post.body) for post in receiver.posts}) == 1
            await until(
                lambda: len(rig.said) == 2, f"once of the trouble, once of its end: {rig.said}"
            )
            trouble, end = rig.said
            assert why in rig.drain.last_error and rig.drain.last_error.isprintable()
            place = f"Drain http://127.0.0.1:{receiver.port}: "
            assert trouble == f"{place}{rig.drain.last_error}; tried again until it takes lines"
            assert end == f"{place}it takes lines again"
            assert "secret-path" not in " ".join(rig.said)
            assert receiver.taken == ["kept"]  # what is said of it does not go to it

    asyncio.run(main())


@pytest.mark.parametrize(
    "answer",
    [
        flood(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", b"x" * 65536),
        flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
        flood(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", b"x" * 65536),
    ],
    ids=["huge", "endless", "not gzip"],
)
def test_a_body_is_nobodys_business(answer: object) -> None:
    """The status says that the batch was taken: it is not sent again, and nothing waits long."""

    async def main() -> None:
        async with (
            Receiver(answer, OK).open() as receiver,  # type: ignore[arg-type]
            Rig(f"http://127.0.0.1:{receiver.port}/") as rig,
        ):
            rig.say("one")
            await until(lambda: rig.delivery.delivered == 1, "the first batch")
            rig.say("two")
            await until(lambda: rig.delivery.delivered == 2, "the second batch")
            assert [post.texts for post in receiver.posts] == [["one"], ["two"]]
            assert receiver.connections == 2
            assert rig.said == []

    asyncio.run(main())


def test_what_is_refused_is_dropped_and_counted_in_the_next_batch() -> None:
    async def main() -> None:
        async with (
            Receiver(status(401), OK).open() as receiver,
            Rig(f"http://u:pass@127.0.0.1:{receiver.port}/?token=hidden") as rig,
        ):
            rig.say("gone")
            await until(lambda: rig.delivery.dropped == 1, "refused")
            rig.say("here")
            await until(lambda: rig.delivery.delivered == 1, "the next one")
            lost, text = receiver.posts[-1].texts
            assert lost.startswith("Error L10 (output buffer overflow): 1 messages dropped since")
            assert text == "here"
            assert receiver.posts[-1].headers["Logplex-Msg-Count"] == "2"
            assert "status 401; what it refuses is dropped (L10)" in rig.said[0]
            assert not {"pass", "hidden"} & set(" ".join(rig.said).replace("=", " ").split())

    asyncio.run(main())


def test_a_receiver_that_was_away_gets_what_was_kept_and_l10_for_the_rest() -> None:
    async def main() -> None:
        receiver = Receiver()
        async with receiver.open():
            pass  # its port is free again: nobody listens
        async with Rig(f"http://127.0.0.1:{receiver.port}/", messages=50) as rig:
            rig.say("first")
            await until(lambda: rig.delivery.trouble, "trouble")
            assert rig.delivery.trouble == "connection refused"
            rig.say(*range(200))
            assert rig.delivery.waiting == 51
            async with receiver.open():
                await until(lambda: rig.delivery.delivered == 51, "all that was kept")
                texts = receiver.taken
                assert texts[0] == "first"
                assert "150 messages dropped since" in texts[1]
                assert texts[2:] == [str(number) for number in range(150, 200)]
        assert len(rig.said) == 2

    asyncio.run(main())


def test_a_flapping_receiver_is_spoken_of_once_a_minute() -> None:
    async def main() -> None:
        answers = [status(500), OK] * 20
        async with (
            Receiver(*answers).open() as receiver,
            Rig(f"http://127.0.0.1:{receiver.port}/") as rig,
        ):
            for number in range(15):
                rig.say(number)
                await until(lambda: rig.delivery.waiting == 0, "delivered")
            assert len(receiver.posts) == 30
            assert len(rig.said) == 2

    asyncio.run(main())


def test_two_drains_in_trouble_do_not_feed_each_other() -> None:
    async def main() -> None:
        async with Receiver(status(400)).open() as one, Receiver(status(400)).open() as other:
            first = Rig(f"http://127.0.0.1:{one.port}/")
            async with first, Rig(f"http://127.0.0.1:{other.port}/", stream=first.stream):
                first.say("x")
                await until(lambda: len(first.said) == 2, "each is spoken of once")
                await until(lambda: one.posts and one.posts[-1].texts[-1] in first.said, "told")
                await until(lambda: other.posts[-1].texts[-1] in first.said, "both are told")
                seen = len(one.posts) + len(other.posts)
                first.say("y")  # whatever the complaints had set off would come before it
                await until(lambda: "y" in one.posts[-1].texts, "the next line")
                await until(lambda: "y" in other.posts[-1].texts, "the next line")
                assert len(one.posts) + len(other.posts) == seen + 2
                assert len(first.said) == 2

    asyncio.run(main())


def test_a_hung_receiver_does_not_slow_another_one_nor_the_loop() -> None:
    async def main() -> None:
        async with Receiver(hang).open() as bad, Receiver().open() as good:
            fine = Rig(f"http://127.0.0.1:{good.port}/")
            async with fine, Rig(f"http://127.0.0.1:{bad.port}/", stream=fine.stream) as stuck:
                for number in range(50):
                    fine.say(*(f"{number}-{line}" for line in range(100)))
                    await asyncio.sleep(0)
                await until(lambda: fine.delivery.delivered == 5000, "the good one has all")
                assert stuck.delivery.delivered == 0
                assert good.taken[0] == "0-0" and good.taken[-1] == "49-99"
                began = time.monotonic()
                await stuck.drain.close(0.2)
                assert time.monotonic() - began < 3

    asyncio.run(main())


def test_the_end_flushes_and_is_bounded() -> None:
    async def main() -> None:
        async with Receiver().open() as receiver:
            rig = Rig(f"http://127.0.0.1:{receiver.port}/")
            rig.drain.start()
            rig.say("last words")
            await rig.drain.close(5)
            rig.say("nobody hears this")
            assert receiver.taken == ["last words"]
        async with Receiver(status(503)).open() as receiver:
            rig = Rig(f"http://127.0.0.1:{receiver.port}/", retry=1000)
            rig.drain.start()
            rig.say("x")
            await until(lambda: rig.delivery.trouble, "trouble")
            await rig.drain.close(5)  # one more try at once, and no waiting for another
            assert len(receiver.posts) == 2

    asyncio.run(main())


def test_certificates_are_verified() -> None:
    ca, other = trustme.CA(), trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(server)

    def trusting(authority: trustme.CA) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())

    async def main() -> None:
        async with Receiver().open(server) as receiver:
            url = f"https://localhost:{receiver.port}/"
            async with Rig(url, context=lambda: trusting(ca)) as rig:
                rig.say("over TLS")
                await until(lambda: rig.delivery.delivered == 1, "verified")
            async with Rig(url, context=lambda: trusting(other)) as rig:
                rig.say("never sent")
                await until(lambda: rig.said, "L14")
                assert rig.said[0].startswith('Error L14 (certificate validation): error="')
                assert rig.said[0].endswith(f'uri="https://localhost:{receiver.port}/"')
            wrong = f"https://127.0.0.1:{receiver.port}/"  # it has no certificate for that name
            async with Rig(wrong, context=lambda: trusting(ca)) as rig:
                rig.say("never sent")
                await until(lambda: rig.said, "L14")
            assert receiver.taken == ["over TLS"]
            assert len(receiver.posts) == 1

    asyncio.run(main())


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with Receiver(status(400)).open() as proxy, Receiver().open() as receiver:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            async with Rig(f"http://127.0.0.1:{receiver.port}/") as rig:
                rig.say("direct")
                await until(lambda: rig.delivery.delivered == 1, "delivered")
            assert proxy.posts == []

    asyncio.run(main())
