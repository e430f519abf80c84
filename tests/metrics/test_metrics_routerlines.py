"""The router's lines as they are written, cut down to tails and read."""

from __future__ import annotations

from collections import Counter

from localku.metrics.routerlines import Served, count_tails, read_tail
from localku.router import codes, record

ASKED = (b"GET", b"/", b"shop.localhost", b"id-1234567890123456789", b"127.0.0.1")


def served(dyno: str, connect: int, service: int, status: int, path: bytes = b"/") -> bytes:
    method, _, *rest = ASKED
    times = (connect, service, status, 12)
    return record.served(method, path, *rest, dyno.encode(), *times, b"protocol=http")


def failed(code: codes.Code, *fields: int | None, dyno: bytes = b"") -> bytes:
    return record.failed(code.opening(), *ASKED, b"protocol=http", dyno, *fields)


def read(*lines: bytes) -> dict[Served, int]:
    counts: Counter[bytes] = Counter()
    assert count_tails(b"".join(lines), counts) == len(lines)
    found = {read_tail(tail): times for tail, times in counts.items()}
    return {one: times for one, times in found.items() if one is not None}


def test_lines_that_are_alike_are_read_once() -> None:
    lines = [served("web.1", 0, 3, 200)] * 5 + [served("web.2", 1, 3, 404)]
    assert read(*lines) == {Served("web.1", 0, 3, 200): 5, Served("web.2", 1, 3, 404): 1}


def test_lines_with_a_code() -> None:
    lines = (
        served("web.1", 0, 3, 200),
        failed(codes.H12, 0, 30001, 503, 0, dyno=b"web.1"),
        failed(codes.H14, None, None, 503, None),
        failed(codes.H14, None, None, 503, None),
        failed(codes.H27, 0, 12, 499, None, dyno=b"web.2"),
        failed(codes.H24, 0, 12, None, 18, dyno=b"web.2"),
    )
    assert read(*lines) == {
        Served("web.1", 0, 3, 200): 1,
        Served("web.1", 0, 30001, 503, "H12", "error", "Request timeout"): 1,
        Served("", None, None, 503, "H14", "error", "No web processes running"): 2,
        Served("web.2", 0, 12, 499, "H27", "warning", "Client Request Interrupted"): 1,
        Served("web.2", 0, 12, 0, "H24", "error", "Forced close"): 1,
    }


def test_a_client_cannot_forge_a_tail() -> None:
    path = b"/?q=dyno=web.9&connect=1ms&service=9ms&status=500&bytes=1&code=H12"
    lines = (served("web.1", 0, 3, 200, path), failed(codes.H14, None, None, 503, None))
    assert set(read(*lines)) == {
        Served("web.1", 0, 3, 200),
        Served("", None, None, 503, "H14", "error", "No web processes running"),
    }


def test_who_is_to_blame() -> None:
    assert not Served("web.1", 0, 3, 404).failed
    assert Served("web.1", 0, 3, 500).failed
    assert Served("web.1", 0, 3, 200, "H18", "error").failed
    assert not Served("web.1", 0, 3, 499, "H27", "warning").failed


def test_the_class_of_a_status() -> None:
    shown = [Served("", None, None, status).status_class for status in (0, 101, 204, 499, 503, 999)]
    assert shown == ["", "1xx", "2xx", "4xx", "5xx", ""]
