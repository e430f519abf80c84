"""The alarms: each rings at its moment, not before, and once it was cleared not at all."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from conftest import LINUX

from localku.load.pacer import (
    Alarm,
    LoopAlarm,
    StandardTimerfdAlarm,
    TimerfdAlarm,
    best_alarm,
)

KINDS = [LoopAlarm]
if LINUX:
    KINDS.append(TimerfdAlarm)
if hasattr(os, "timerfd_create"):
    KINDS.append(StandardTimerfdAlarm)


@pytest.mark.parametrize("kind", KINDS)
def test_it_rings_at_its_moment(kind: type[Alarm]) -> None:
    lates: list[float] = []

    async def main() -> None:
        done = asyncio.Event()
        moment = 0.0

        def ring() -> None:
            nonlocal moment
            lates.append(time.monotonic() - moment)
            if len(lates) == 20:
                alarm.clear()
                done.set()
            else:
                moment = time.monotonic() + 0.003
                alarm.set(moment)

        alarm = kind(asyncio.get_running_loop(), ring)
        moment = time.monotonic() + 0.003
        alarm.set(time.monotonic() + 60)
        alarm.set(moment)
        await asyncio.wait_for(done.wait(), 10)
        await asyncio.sleep(0.01)
        alarm.close()
        alarm.close()

    asyncio.run(main())
    assert len(lates) == 20, "cleared, it does not ring"
    assert min(lates) >= (-0.002 if kind is LoopAlarm else 0)
    assert sorted(lates)[10] < 0.05


@pytest.mark.parametrize("kind", KINDS)
def test_a_moment_that_is_over_rings_at_once(kind: type[Alarm]) -> None:
    async def main() -> None:
        rung = asyncio.Event()
        alarm = kind(asyncio.get_running_loop(), lambda: (alarm.clear(), rung.set()))
        alarm.set(time.monotonic() - 5)
        await asyncio.wait_for(rung.wait(), 10)
        alarm.close()

    asyncio.run(main())


@pytest.mark.skipif(not LINUX, reason="timerfd is Linux's")
def test_the_best_one_is_a_timerfd_and_leaves_no_descriptor() -> None:
    async def main() -> None:
        before = len(os.listdir("/proc/self/fd"))
        alarm = best_alarm(asyncio.get_running_loop(), lambda: None)
        assert not isinstance(alarm, LoopAlarm)
        alarm.close()
        assert len(os.listdir("/proc/self/fd")) == before

    asyncio.run(main())
