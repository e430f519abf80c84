"""Sweeps over real dynos: the order, the waiting, and that the formation always comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Folder, wait_until
from sweep_kit import Bench, calm, client, quantity, quick_step, script, started, states

from localku.errors import UserError
from localku.load.formation import Formation, change, in_words, is_complete
from localku.load.goal import parse
from localku.load.sweep import Scaling, parse_scale


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """One platform for all tests that leave it as it was."""
    root = tmp_path_factory.mktemp("sweeps") / "shop"
    root.mkdir()
    it = Folder(root)
    started(it)
    yield it
    for each in it.started:
        each.destroy()


@pytest.fixture
def shop(running: Folder) -> Iterator[Folder]:
    """That platform, with one web dyno before and after."""
    calm(running)
    yield running
    assert quantity(running) == 1


def test_counts_are_read() -> None:
    assert parse_scale("web=1,2,4,8") == ("web", (1, 2, 4, 8))
    assert parse_scale("web=2, 2,1") == ("web", (2, 1))


@pytest.mark.parametrize("text", ["web", "web=", "=1", "web=1,x", "web=0", "web=1001", "web=-1"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_scale(text)
    assert caught.value.status == 2


@pytest.mark.parametrize("text", ["p95", "p95<250", "p96<2ms", "p95>250ms", "p95<0ms", "errors<1%"])
def test_what_is_no_goal_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        parse(text)


def test_words_for_dynos() -> None:
    assert is_complete({"web.1": "up", "web.2": "up"}, "web", 2)
    assert not is_complete({"web.1": "up", "web.2": "up", "web.3": "up"}, "web", 2)
    said = in_words({"web.1": "up", "web.2": "crashed", "web.4": "up"}, "web", 3)
    assert said == "web.2 is crashed, web.3 is missing, web.4 is still up"
    before = {"web.1": ("up", "a"), "web.2": ("up", "b"), "web.3": ("up", "c")}
    now = {"web.1": ("up", "x"), "web.2": ("crashed", "b"), "web.4": ("up", "d")}
    said = change(before, now)
    assert said == "web.1 was restarted, web.2 crashed, web.3 was taken away, web.4 was added"


def test_each_step_has_just_its_dynos_and_the_formation_comes_back(shop: Folder) -> None:
    seen: list[tuple[int, int, list[str]]] = []

    async def step(plan, watch, stop):  # type: ignore[no-untyped-def]
        up = [name for name, state in states(shop).items() if state == "up"]
        seen.append((plan.dynos["web"], plan.repeat, sorted(up)))
        return await quick_step(plan, watch, stop)

    outcome = asyncio.run(Bench(shop, Scaling("web", (1, 2), 2), step).run())
    assert not outcome.trouble and len(outcome.steps) == 4
    counts = [count for count, _, _ in seen]
    assert sorted(counts[:2]) == [1, 2] and counts[2:] == counts[:2][::-1]
    for count, _, up in seen:
        assert up == sorted([*(f"web.{n}" for n in range(1, count + 1)), "worker.1"])


def test_find_max_searches_each_count(shop: Folder) -> None:

    async def step(plan, watch, stop):  # type: ignore[no-untyped-def]
        found = await quick_step(plan, watch, stop)
        is_too_much = plan.rate.most > 100 * plan.dynos["web"]
        found.latency = replace(found.latency, p95=400.0 if is_too_much else 20.0)
        return found

    bench = Bench(shop, Scaling("web", (1, 2), goal=parse("p95<250ms")), step, duration=0.01)
    outcome = asyncio.run(bench.run())
    assert 80 < outcome.best[1] <= 100 and 170 < outcome.best[2] <= 200
    assert all(outcome.is_bracketed.values())
    assert any("holds" in line for line in bench.said)


def test_dynos_that_never_come_up_are_named_and_the_formation_comes_back(shop: Folder) -> None:
    shop.write("broken-2", "")
    outcome = asyncio.run(Bench(shop, Scaling("web", (2,), patience=1.0)).run())
    assert "web=2 did not come up: web.2 is" in outcome.trouble and not outcome.steps


def test_an_app_that_dies_ends_the_sweep_and_is_said(folder: Folder) -> None:
    shop = started(folder)

    async def step(plan, watch, stop):  # type: ignore[no-untyped-def]
        os.kill(shop.pid_of("web.1"), signal.SIGKILL)
        return await quick_step(plan, watch, stop)

    outcome = asyncio.run(Bench(folder, Scaling("web", (2, 3)), step, duration=30.0).run())
    assert "web.1" in outcome.trouble and "was measured" in outcome.trouble
    assert len(outcome.steps) == 1 and outcome.steps[0].troubles
    assert quantity(folder) == 1


@pytest.mark.parametrize("error", [UserError("no way"), ValueError("a bug")])
def test_an_error_puts_the_formation_back(shop: Folder, error: Exception) -> None:

    async def step(plan, watch, stop):  # type: ignore[no-untyped-def]
        raise error

    bench = Bench(shop, Scaling("web", (2,)), step)
    if isinstance(error, ValueError):
        with pytest.raises(ValueError, match="a bug"):
            asyncio.run(bench.run())
    else:
        assert asyncio.run(bench.run()).trouble == "no way"


def test_to_be_stopped_ends_the_step_and_puts_the_formation_back(shop: Folder) -> None:

    async def stopped() -> object:
        bench = Bench(shop, Scaling("web", (2, 3)), duration=30.0)
        running = asyncio.create_task(bench.run())
        while quantity(shop) != 2 and quantity(shop) != 3:
            await asyncio.sleep(0.01)
        bench.stop.set()
        return await running

    outcome = asyncio.run(stopped())
    assert outcome.interrupted and not outcome.trouble  # type: ignore[attr-defined]


def test_a_load_test_that_is_killed_leaves_its_guard_who_puts_the_formation_back(
    folder: Folder,
) -> None:
    started(folder)
    tests = Path(__file__).parent
    text = script(str(tests), str(tests.parent))
    process = subprocess.Popen(
        [sys.executable, "-c", text, str(folder.path)],
        env=folder.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: states(folder).get("web.2") == "up" or process.poll(), "web.2 is up")
    assert quantity(folder) == 2
    os.killpg(process.pid, signal.SIGKILL)
    _, said = process.communicate(timeout=15)  # the guard holds stderr until it is done
    assert "the load test was killed; the formation is web=1 again" in said
    assert quantity(folder) == 1


def test_a_platform_that_goes_away_is_said_with_what_is_left_to_do(folder: Folder) -> None:
    shop = started(folder)

    async def step(plan, watch, stop):  # type: ignore[no-untyped-def]
        shop.proc.kill()
        return await quick_step(plan, watch, stop)

    outcome = asyncio.run(Bench(folder, Scaling("web", (2,)), step, duration=30.0).run())
    assert "`localku ps:scale web=1` does it" in outcome.trouble


def test_an_unknown_type_is_named(shop: Folder) -> None:
    with pytest.raises(UserError, match="there are web, worker"):
        asyncio.run(Formation(client(shop), "wep").take())
