"""The life of a dyno, told as tables of what happens and what follows."""

from __future__ import annotations

import pytest

from localku.dynos import lifecycle as life
from localku.dynos.backoff import Backoff, BackoffPolicy
from localku.dynos.effects import Arm, Crashed, Effect, Log, Signal, Spawn, Timer, Watch
from localku.dynos.lifecycle import Lifecycle, Phase

SLOW = BackoffPolicy(first=1.0, longest=60.0, forgiven_after=60.0)


def dyno(binds: bool = True) -> Lifecycle:
    return Lifecycle(binds=binds, timing=life.Timing(boot=60, grace=30, backoff=SLOW))


def texts(effects: list[Effect]) -> list[str]:
    return [effect.text for effect in effects if isinstance(effect, Log)]


def up(binds: bool = True) -> Lifecycle:
    it = dyno(binds)
    it.start(0.0)
    it.spawned(1, "serve")
    it.bound(1)
    assert it.phase is Phase.UP
    return it


def test_a_web_dyno_is_up_when_it_has_bound() -> None:
    it = dyno()
    assert it.start(0.0) == [Spawn(1)]
    assert it.state == "starting"
    assert it.spawned(1, "serve -p 5106") == [
        Log("Starting process with command `serve -p 5106`"),
        Arm(Timer.BOOT, 60),
        Watch(1),
    ]
    assert texts(it.bound(1)) == ["State changed from starting to up"]
    assert it.state == "up"


def test_a_worker_is_up_when_it_is_spawned() -> None:
    it = dyno(binds=False)
    it.start(0.0)
    assert texts(it.spawned(1, "work")) == [
        "Starting process with command `work`",
        "State changed from starting to up",
    ]


def test_not_bound_in_time_is_r10_and_a_crash() -> None:
    it = dyno()
    it.start(0.0)
    it.spawned(1, "serve")
    effects = it.rang(Timer.BOOT, 60.0)
    assert texts(effects) == [
        "Error R10 (Boot timeout) -> Web process failed to bind to $PORT"
        " within 60 seconds of launch",
        "Stopping process with SIGKILL",
        "Process exited with status 137",
        "State changed from starting to crashed",
    ]
    assert Signal(1, "KILL") in effects
    assert Crashed(137) in effects
    assert it.exited(1, 137, 0) == []
    assert texts(it.gone(1, 60.0)) == ["State changed from crashed to starting"]


def test_a_crash_starts_again_at_once_then_cools_off() -> None:
    it = up(binds=False)
    effects = it.exited(1, 3, 0)
    assert texts(effects) == ["Process exited with status 3", "State changed from up to crashed"]
    assert it.gone(1, 1.0) == [Log("State changed from crashed to starting"), Spawn(2)]
    it.spawned(2, "work")
    it.exited(2, 3, 0)
    assert it.gone(2, 2.0) == [Arm(Timer.COOLOFF, 1.0)]
    assert it.state == "crashed"
    assert it.rang(Timer.COOLOFF, 3.0) == [
        Log("State changed from crashed to starting"),
        Spawn(3),
    ]


def test_exit_zero_is_a_crash_too() -> None:
    it = up(binds=False)
    assert Crashed(0) in it.exited(1, 0, 0)


def test_what_a_crashed_process_left_behind_is_killed_before_the_next_run() -> None:
    it = up(binds=False)
    assert Signal(1, "KILL") in it.exited(1, 1, 2)
    assert it.phase is Phase.ENDING
    assert Spawn(2) in it.gone(1, 5.0)


def test_restart_says_what_heroku_says() -> None:
    it = up()
    effects = it.restart(10.0)
    assert texts(effects) == [
        "Restarting",
        "State changed from up to starting",
        "Stopping all processes with SIGTERM",
    ]
    assert effects[-2:] == [Signal(1, "TERM"), Arm(Timer.GRACE, 30)]
    assert it.exited(1, 143, 0) == []
    effects = it.gone(1, 11.0)
    assert texts(effects) == ["Process exited with status 143"]
    assert effects[-1] == Spawn(2)


def test_a_crashed_dyno_restarts_without_the_stopping_lines() -> None:
    it = up(binds=False)
    for run in (1, 2):
        it.spawned(run, "work")
        it.exited(run, 1, 0)
        it.gone(run, 1.0)
    assert it.phase is Phase.CRASHED
    assert texts(it.restart(2.0)) == ["State changed from crashed to starting"]
    assert it.run == 3


def test_stop_is_term_grace_kill_r12() -> None:
    it = up()
    assert texts(it.stop(0.0)) == [
        "State changed from up to down",
        "Stopping all processes with SIGTERM",
    ]
    effects = it.rang(Timer.GRACE, 30.0)
    assert texts(effects) == [
        "Error R12 (Exit timeout) -> At least one process failed to exit"
        " within 30 seconds of SIGTERM",
        "Stopping remaining processes with SIGKILL",
    ]
    assert effects[-1] == Signal(1, "KILL")
    it.exited(1, 137, 0)
    assert texts(it.gone(1, 30.1)) == ["Process exited with status 137"]
    assert it.phase is Phase.DOWN


def test_r12_names_the_grace_that_was_given() -> None:
    it = up()
    it.stop(0.0, 4)
    assert "within 4 seconds" in texts(it.rang(Timer.GRACE, 4.0))[0]


def test_a_leader_that_goes_in_time_waits_for_the_rest_of_its_group() -> None:
    it = up()
    it.stop(0.0)
    assert it.exited(1, 0, 1) == []
    assert it.phase is Phase.ENDING
    assert texts(it.rang(Timer.GRACE, 30.0))[0].startswith("Error R12")


def test_started_again_while_it_stops() -> None:
    it = up()
    it.stop(0.0)
    assert texts(it.start(1.0)) == ["State changed from down to starting"]
    it.exited(1, 143, 0)
    assert Spawn(2) in it.gone(1, 2.0)


def test_stopped_while_it_restarts() -> None:
    it = up()
    it.restart(0.0)
    it.stop(1.0)
    it.exited(1, 143, 0)
    assert Spawn(2) not in it.gone(1, 2.0)
    assert it.phase is Phase.DOWN


def test_stopped_before_init_answered_the_spawn() -> None:
    it = dyno()
    it.start(0.0)
    it.stop(0.0)
    assert texts(it.spawned(1, "serve")) == ["Starting process with command `serve`"]
    it.exited(1, 143, 0)
    it.gone(1, 1.0)
    assert it.phase is Phase.DOWN


def test_a_command_that_cannot_be_spawned_is_a_crash() -> None:
    it = dyno()
    it.start(0.0)
    effects = it.failed(1, 0.0, "No such file or directory")
    assert texts(effects)[0] == "Process could not be started: No such file or directory"
    assert Crashed(126) in effects


def test_outgrown_memory_is_r15() -> None:
    it = up()
    effects = it.outgrew(1)
    assert texts(effects) == [
        "Error R15 (Memory quota vastly exceeded)",
        "Stopping process with SIGKILL",
        "Process exited with status 137",
        "State changed from up to crashed",
    ]


@pytest.mark.parametrize("order", ["start", "kill", "stop", "restart"])
def test_orders_in_every_phase_lead_somewhere(order: str) -> None:
    for phase in Phase:
        it = up()
        it.phase = phase
        getattr(it, order)(*([] if order == "kill" else [1.0]))
        assert it.phase in Phase


@pytest.mark.parametrize(
    "late",
    [
        lambda it: it.spawned(1, "x"),
        lambda it: it.bound(1),
        lambda it: it.exited(1, 1, 0),
        lambda it: it.gone(1, 9.0),
        lambda it: it.failed(1, 9.0, "x"),
        lambda it: it.outgrew(1),
    ],
    ids=["spawned", "bound", "exited", "gone", "failed", "outgrew"],
)
def test_sightings_of_an_earlier_run_are_ignored(late) -> None:  # type: ignore[no-untyped-def]
    it = up()
    it.restart(0.0)
    it.exited(1, 143, 0)
    it.gone(1, 1.0)
    assert it.run == 2
    assert late(it) == []
    assert (it.phase, it.state) == (Phase.STARTING, "starting")


@pytest.mark.parametrize("timer", list(Timer))
def test_a_timer_that_rings_late_changes_nothing(timer: Timer) -> None:
    it = up()
    assert it.rang(timer, 1.0) == []


def test_the_second_ctrl_c_kills_at_once() -> None:
    it = up()
    it.stop(0.0)
    effects = it.kill()
    assert Signal(1, "KILL") in effects
    it.exited(1, 137, 0)
    it.gone(1, 0.1)
    assert it.phase is Phase.DOWN


@pytest.mark.parametrize(
    ("uptimes", "waits"),
    [
        ([1, 1, 1, 1, 1], [0, 1, 2, 4, 8]),
        ([1] * 9, [0, 1, 2, 4, 8, 16, 32, 60, 60]),
        ([1, 1, 61, 1], [0, 1, 0, 1]),
    ],
    ids=["doubles", "is capped", "is forgiven after a good while"],
)
def test_backoff(uptimes: list[float], waits: list[float]) -> None:
    backoff = Backoff(SLOW)
    assert [backoff.crashed(uptime) for uptime in uptimes] == waits


def test_backoff_with_herokus_numbers() -> None:
    backoff = Backoff(BackoffPolicy(600, 86400, 600))
    assert [backoff.crashed(1) for _ in range(4)] == [0, 600, 1200, 2400]
    assert [backoff.crashed(1) for _ in range(200)][-1] == 86400


def test_backoff_forgets_when_a_person_changed_something() -> None:
    backoff = Backoff(SLOW)
    backoff.crashed(1)
    backoff.crashed(1)
    backoff.clear()
    assert backoff.crashed(1) == 0


def test_a_crash_that_ends_all_is_not_restarted() -> None:
    final = life.Timing(backoff=BackoffPolicy(restarts=False))
    it = Lifecycle(binds=False, timing=final)
    it.start(0.0)
    it.spawned(1, "work")
    it.exited(1, 7, 0)
    assert it.gone(1, 1.0) == []
    assert it.phase is Phase.CRASHED
    assert texts(it.stop(1.0)) == ["State changed from crashed to down"]


def test_crashes_are_counted_on_when_only_the_times_change() -> None:
    it = up(binds=False)
    it.exited(1, 1, 0)
    it.gone(1, 1.0)
    it.retime(life.Timing(boot=60, grace=5, backoff=SLOW))
    it.spawned(2, "work")
    it.exited(2, 1, 0)
    assert Arm(Timer.COOLOFF, 1.0) in it.gone(2, 2.0)
