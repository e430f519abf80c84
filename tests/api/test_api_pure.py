"""The parts of the API that need no platform: what is wanted, what was said, what is kept."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from localku.api import attach, exchange, lookup, serialize, wishes
from localku.api.errors import ApiError
from localku.api.recent import recent
from localku.api.terminal import Outbox, Sizes, skip_note
from localku.dynos.inlet import INPUT_LIMIT, Inlet
from localku.dynos.process import open_pty
from localku.logs.entry import Entry
from localku.logs.stream import LogStream
from localku.manifest import manifest as manifests
from localku.platform import releasing
from localku.platform.app import App
from localku.platform.hosting import folder_state
from localku.platform.plan import Surroundings
from localku.platform.store import Store

PATIENCE = 10.0  # seconds


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    (tmp_path / "Procfile").write_text("web: a\nworker: b\nrelease: c\n")
    manifest = manifests.load({"root": str(tmp_path), "app": "shop"}, {})
    store = Store(str(tmp_path / "state.db"))
    app = App(folder_state(store, manifest), store, LogStream(), Surroundings({}, 5006, pty=False))
    releasing.adopt(app, manifest)
    yield app
    store.close()


# -- wishes --------------------------------------------------------------------------------------

WISHES = {
    "a number": ([("web", 3)], {"web": 3}),
    "a text": ([("web", "3")], {"web": 3}),
    "more": ([("web", "+2")], {"web": 3}),
    "fewer": ([("web", "-1")], {"web": 0}),
    "nothing": ([("web", None)], {}),
    "the most": ([("web", 1000)], {"web": 1000}),
    "leading zeros": ([("web", "007")], {"web": 7}),
    "two types": ([("worker", 2), ("web", 0)], {"worker": 2, "web": 0}),
    "one after the other": ([("web", 3), ("web", "+1"), ("web", "-2")], {"web": 2}),
    "none": ([], {}),
}


@pytest.mark.parametrize(("updates", "wanted"), WISHES.values(), ids=WISHES)
def test_a_batch_says_what_is_wanted(
    app: App, updates: list[tuple[str, object]], wanted: dict[str, int]
) -> None:
    body: dict[str, object] = {"updates": [{"type": t, "quantity": q} for t, q in updates]}
    assert wishes.batch(app, body).quantities == wanted
    assert app.formation == {"web": 1, "worker": 1, "release": 0}


SIZES = {
    "its name": ("size", "Standard-1X", "Standard-1X"),
    "in lower case": ("size", "performance-l", "Performance-L"),
    "as an object": ("dyno_size", {"name": "Eco"}, "Eco"),
    "by id": ("dyno_size", {"id": serialize.fixed_id("dyno-size", "Basic")}, "Basic"),
    "another": ("size", "huge", ""),
    "another object": ("dyno_size", {"name": "Huge"}, ""),
    "a number": ("size", 1, ""),
}


@pytest.mark.parametrize(("field", "size", "name"), SIZES.values(), ids=SIZES)
def test_sizes_are_herokus(app: App, field: str, size: object, name: str) -> None:
    wanted = wishes.Wishes()
    if name:
        wanted.add(app, "web", {"quantity": 2, field: size})
        assert (wanted.quantities, wanted.sizes) == ({"web": 2}, {"web": name})
    else:
        with pytest.raises(ApiError, match="No such dyno size") as caught:
            wanted.add(app, "web", {"quantity": 2, field: size})
        assert caught.value.status == 422


def test_release_is_no_process_type_of_the_formation(app: App) -> None:
    with pytest.raises(ApiError, match="process type"):
        lookup.process_type(app, "release")


# -- serialize -----------------------------------------------------------------------------------


def test_ids_last_and_differ(app: App) -> None:
    assert serialize.formation(app, "web") == serialize.formation(app, "web")
    ids = [app.id, *(serialize.formation_id(app, kind) for kind in app.commands)]
    assert len(set(ids)) == 3


def test_a_folder_of_any_name_can_be_told(app: App) -> None:
    app.manifest.root = "/tmp/a b\udcff"
    assert serialize.app(app, 5006)["git_url"] == "file:///tmp/a%20b%FF"
    assert exchange.reply({"root": app.manifest.root}).body == b'{"root":"/tmp/a b\\udcff"}\n'


def test_times_are_herokus() -> None:
    assert serialize.timestamp(1325419200.9) == "2012-01-01T12:00:00Z"


# -- what a dyno said last -----------------------------------------------------------------------


def said(dyno: str, text: str, source: str = "app") -> Entry:
    return Entry(0.0, source, dyno, text.encode())


START = said("web.1", "Starting process with command `x`\n", "heroku")
RECENT = {
    "nothing": ([], ""),
    "lines and a prompt": ([said("web.1", "a\nb\n"), said("web.1", "> ")], "a\r\nb\r\n> "),
    "only its own": ([said("web.2", "no\n"), said("web.1", "a\n")], "a\r\n"),
    "not heroku's": ([said("web.1", "State changed\n", "heroku"), said("web.1", "a\n")], "a\r\n"),
    "only this run's": ([said("web.1", "old\n"), START, said("web.1", "new\n")], "new\r\n"),
    "whole lines, at most 20 bytes": ([said("web.1", "12345678\n" * 5)], "12345678\r\n" * 2),
}


@pytest.mark.parametrize(("history", "text"), RECENT.values(), ids=RECENT)
def test_a_terminal_that_joins_sees_what_was_said_last(history: list[Entry], text: str) -> None:
    assert recent(history, "web.1", limit=20) == text.encode()


# -- attached terminals --------------------------------------------------------------------------

SIZE_TEXTS = {
    '{"resize": [24, 80]}': (24, 80),
    '{"resize": [1, 10000]}': (1, 10000),
    '{"resize": [0, 80]}': None,
    '{"resize": [24, 10001]}': None,
    '{"resize": [24]}': None,
    '{"resize": ["24", "80"]}': None,
    '{"resize": 5}': None,
    "{}": None,
    "[]": None,
    "x": None,
    "[" * 100_000: None,
}


@pytest.mark.parametrize(("text", "size"), SIZE_TEXTS.items(), ids=[t[:30] for t in SIZE_TEXTS])
def test_a_size_is_read(text: str, size: tuple[int, int] | None) -> None:
    assert attach.read_size(text) == size


def test_an_outbox_gives_all_that_waits_and_then_the_end() -> None:
    async def go() -> None:
        box = Outbox(limit=10)
        box.put(b"ab")
        box.put(b"cd")
        assert await box.get() == b"abcd"
        waiting = asyncio.ensure_future(box.get())
        await asyncio.sleep(0)
        assert not waiting.done()
        box.put(b"ef")
        assert await asyncio.wait_for(waiting, PATIENCE) == b"ef"
        box.put(b"gh")
        box.put(b"")
        box.put(b"late")
        assert [await box.get(), await box.get()] == [b"gh", b""]

    asyncio.run(go())


def test_what_a_full_outbox_skips_is_said_in_its_place() -> None:
    async def go() -> None:
        box = Outbox(limit=10)
        for chunk in (b"12345", b"67890", b"last", b"kept"):
            box.put(chunk)
        assert await box.get() == skip_note(10) + b"lastkept"
        box.put(b"more")
        assert await box.get() == b"more"
        box.put(b"x" * 11)
        assert await asyncio.wait_for(box.get(), PATIENCE) == skip_note(11)  # told at once
        box.put(b"")
        assert await box.get() == b""

    asyncio.run(go())


def test_an_inlet_waits_for_a_dyno_that_does_not_read_and_loses_nothing() -> None:
    async def go() -> None:
        reading, writing = os.pipe()  # a pipe is full sooner or later, as a raw pty is
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        broken: list[bool] = []
        inlet = Inlet(writing, lambda: broken.append(True))
        data = bytes(range(256)) * 1024  # 256 KiB
        for at in range(0, len(data), 4096):
            inlet.write(data[at : at + 4096])
        assert inlet.full
        got = bytearray()

        async def read() -> None:
            while len(got) < len(data):
                try:
                    got.extend(os.read(reading, 65536))
                except BlockingIOError:
                    await asyncio.sleep(0.001)

        await asyncio.wait_for(asyncio.gather(read(), inlet.room()), PATIENCE)
        assert bytes(got) == data
        assert not inlet.full
        os.close(reading)
        inlet.write(b"x")
        assert broken == [True]
        inlet.write(b"y" * INPUT_LIMIT)
        assert not inlet.full
        os.close(writing)

    asyncio.run(go())


def test_the_smallest_terminal_decides_and_the_last_one_gives_the_size_back() -> None:
    terminal = open_pty(24, 80)
    run = SimpleNamespace(key=1, terminal=terminal, pump=SimpleNamespace(ended=False))
    sizes = Sizes()

    def size() -> tuple[int, int]:
        found = os.get_terminal_size(terminal.fds[0])
        return found.lines, found.columns

    steps = []
    sizes.set(run, "a", (50, 100))  # type: ignore[arg-type]
    steps.append(size())
    sizes.set(run, "b", (60, 90))  # type: ignore[arg-type]
    steps.append(size())
    sizes.forget(run, "a", (24, 80))  # type: ignore[arg-type]
    steps.append(size())
    sizes.forget(run, "b", (24, 80))  # type: ignore[arg-type]
    steps.append(size())
    sizes.forget(run, "b", (1, 1))  # type: ignore[arg-type]
    steps.append(size())
    for fd in (terminal.output, *terminal.fds):
        os.close(fd)
    assert steps == [(50, 100), (50, 90), (60, 90), (24, 80), (24, 80)]
