"""The relays between the router and the dynos: none is kept, none breaks the table."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from localku.chaos import detours as ways
from localku.chaos.detours import Detours
from localku.chaos.relay import Relay, Trouble
from localku.logs.entry import Entry
from localku.platform.bent import Bent

RUNNER: Any = SimpleNamespace(spec=SimpleNamespace(name="web.1"))
RUN: Any = SimpleNamespace(key=7, host="127.0.0.1", port=5000)


def shop(said: list[str]) -> Any:
    """What the detours need of an app."""

    def publish(entry: Entry) -> None:
        said.append(entry.data.decode().rstrip())

    stream = SimpleNamespace(publish=publish)
    return SimpleNamespace(
        bent=Bent(), config={}, stream=stream, supervisor=None, on_change=lambda: None
    )


@contextmanager
def no_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_the_router_goes_straight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "LINGER", 0.0)
    said: list[str] = []

    async def go() -> None:
        app = shop(said)
        detours, trouble = Detours(app), Trouble()
        detours.add(trouble, lambda runner: True)
        with no_descriptors():
            for _ in range(3):
                assert app.bent.address(RUNNER, RUN) == (RUN.host, RUN.port)
        assert app.bent.address(RUNNER, RUN) != (RUN.host, RUN.port)
        detours.remove(trouble)
        for _ in range(3):  # turns of the loop, until its relay has closed
            await asyncio.sleep(0)

    asyncio.run(go())
    assert said == ["Chaos: no relay for web.1, it is met straight: Too many open files"]


def test_no_relay_is_kept_when_its_fault_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "LINGER", 0.01)

    async def go() -> None:
        app = shop([])
        detours, trouble = Detours(app), Trouble()
        detours.add(trouble, lambda runner: True)
        _, port = app.bent.address(RUNNER, RUN)
        relays = (each for each in gc.get_objects() if type(each) is Relay)
        relay = weakref.ref(next(each for each in relays if each.port == port))
        del relays
        detours.remove(trouble)
        assert relay() is not None  # the router hears of it a moment later
        for _ in range(200):
            await asyncio.sleep(0.01)
            gc.collect()
            if relay() is None:
                return
        raise AssertionError("it is kept")

    asyncio.run(go())
