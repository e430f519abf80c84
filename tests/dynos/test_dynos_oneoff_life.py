"""The life of a one-off dyno, told as tables of what happens and what follows."""

from __future__ import annotations

from localku.dynos.effects import Arm, Disarm, Effect, Log, Signal, Spawn, Timer
from localku.dynos.oneoff_life import OneOffLife, Phase, Times

CLOSED = "Client connection closed. Sending SIGHUP to all processes"


def texts(effects: list[Effect]) -> list[str]:
    return [effect.text for effect in effects if isinstance(effect, Log)]


def signals(effects: list[Effect]) -> list[str]:
    return [effect.name for effect in effects if isinstance(effect, Signal)]


def up(times: Times | None = None) -> OneOffLife:
    it = OneOffLife(times or Times())
    it.begin(attached=True)
    it.joined()
    it.spawned("bash")
    assert (it.phase, it.state) == (Phase.UP, "up")
    return it


def test_an_attached_one_waits_for_its_client() -> None:
    it = OneOffLife(Times())
    assert it.begin(attached=True) == [Log("Awaiting client"), Arm(Timer.ATTACH, 30)]
    assert it.state == "starting"
    assert it.joined() == [Disarm(Timer.ATTACH), Spawn(1)]
    assert texts(it.spawned("bash")) == [
        "Starting process with command `bash`",
        "State changed from starting to up",
    ]
    assert texts(it.exited(0, 0)) == ["Process exited with status 0"]
    assert texts(it.gone()) == ["State changed from up to complete"]
    assert it.gone() == it.exited(1, 0) == it.stop() == it.kill() == it.joined() == []


def test_a_detached_one_starts_at_once() -> None:
    assert OneOffLife(Times()).begin(attached=False) == [Spawn(1)]


def test_nobody_comes_is_r13() -> None:
    it = OneOffLife(Times())
    it.begin(attached=True)
    assert texts(it.rang(Timer.ATTACH)) == [
        "Error R13 (Attach error) -> Failed to attach to process",
        "Process exited",
        "State changed from starting to complete",
    ]
    assert it.phase is Phase.COMPLETE
    assert it.joined() == []


def test_a_client_that_leaves_is_sighup_three_times_and_then_r16() -> None:
    it = up()
    for _ in range(3):
        effects = it.client_left() or it.rang(Timer.HANGUP)
        assert (texts(effects), signals(effects)) == ([CLOSED], ["HUP"])
        assert Arm(Timer.HANGUP, 5) in effects
    assert texts(it.rang(Timer.HANGUP)) == [
        "Error R16 (Detached) -> An attached process is not responding to SIGHUP"
        " after its external connection was closed."
    ]
    assert it.state == "up"  # as on Heroku it runs on
    assert signals(it.stop()) == ["TERM"]


def test_what_the_first_process_leaves_behind_goes_with_it() -> None:
    it = up()
    effects = it.exited(3, 2)
    assert texts(effects) == ["Process exited with status 3"]
    assert signals(effects) == ["KILL"]
    assert it.status == 3


def test_a_stop_is_sigterm_then_r12_and_sigkill() -> None:
    it = up(Times(grace=7))
    effects = it.stop()
    assert texts(effects) == ["Stopping all processes with SIGTERM"]
    assert Arm(Timer.GRACE, 7) in effects
    assert it.stop() == []
    assert it.stop(2) == [Arm(Timer.GRACE, 2)]
    assert it.exited(143, 1) == []  # the others have until the grace is over
    effects = it.rang(Timer.GRACE)
    assert signals(effects) == ["KILL"]
    assert texts(effects)[0].startswith("Error R12 (Exit timeout)")
    assert "within 2 seconds" in texts(effects)[0]
    assert texts(it.gone()) == [
        "Process exited with status 143",
        "State changed from up to complete",
    ]


def test_one_that_awaits_is_stopped_at_once() -> None:
    for order in (OneOffLife.stop, OneOffLife.kill):
        it = OneOffLife(Times())
        it.begin(attached=True)
        assert texts(order(it)) == ["State changed from starting to complete"]


def test_a_time_to_live_ends_it() -> None:
    it = OneOffLife(Times(life=9))
    assert Arm(Timer.LIFE, 9) in it.begin(attached=False)
    it.spawned("sleep 600")
    assert signals(it.rang(Timer.LIFE)) == ["TERM"]


def test_one_that_cannot_be_started_has_126() -> None:
    it = OneOffLife(Times())
    it.begin(attached=False)
    assert texts(it.failed("No such file or directory")) == [
        "Process could not be started: No such file or directory",
        "State changed from starting to complete",
    ]
    assert it.status == 126


def test_one_that_outgrows_its_memory_is_killed() -> None:
    it = up()
    effects = it.outgrew()
    assert texts(effects) == [
        "Error R15 (Memory quota vastly exceeded)",
        "Stopping process with SIGKILL",
    ]
    assert signals(effects) == ["KILL"]
    it.exited(137, 0)
    assert texts(it.gone())[0] == "Process exited with status 137"


def test_late_timers_are_ignored() -> None:
    it = up()
    assert it.rang(Timer.ATTACH) == it.rang(Timer.GRACE) == []
    it.exited(0, 0)
    it.gone()
    assert it.rang(Timer.HANGUP) == it.rang(Timer.LIFE) == it.client_left() == []


def test_times_are_scaled() -> None:
    assert Times(grace=5, life=60).scaled(0.1) == Times(3.0, 0.5, 5, 60)
