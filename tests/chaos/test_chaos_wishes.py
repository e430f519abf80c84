"""What a wish for a fault may say, when a fault acts, which URLs can be led through a relay."""

from __future__ import annotations

import random

import pytest

from localku.chaos import course, faults, swap
from localku.chaos.course import Move
from localku.errors import UserError

A, U, E = Move.ACT, Move.UNDO, Move.OVER

MOVES = {
    "an act is over at once": (30, None, False, [(0, A), (0, E)]),
    "what lasts is undone at the end": (30, None, True, [(0, A), (30, E)]),
    "acts repeat until the end": (30, 10, False, [(0, A), (10, A), (20, A), (30, E)]),
    "what lasts is on for half": (20, 10, True, [(0, A), (5, U), (10, A), (15, U), (20, E)]),
    "an end within an act": (12, 10, True, [(0, A), (5, U), (10, A), (12, E)]),
    "once, when the next would be late": (3, 10, True, [(0, A), (3, E)]),
}


@pytest.mark.parametrize(("seconds", "every", "lasts", "moves"), MOVES.values(), ids=MOVES)
def test_a_fault_acts_and_is_undone(
    seconds: float, every: float | None, lasts: bool, moves: list[tuple[float, Move]]
) -> None:
    assert list(course.moves(seconds, every, lasts=lasts)) == moves


def test_the_same_seed_meets_the_same_dynos() -> None:
    dynos = [f"web.{number}" for number in range(1, 9)]

    def met(seed: int) -> list[str]:
        below = random.Random(seed).randrange
        return [course.choose(dynos, below, one=True)[0] for _ in range(20)]

    assert met(7) == met(7) != met(8)
    assert set(met(7)) <= set(dynos)
    assert course.choose(dynos, random.Random(1).randrange, one=False) == dynos
    assert course.choose([], random.Random(1).randrange, one=True) == []


REFUSED = {
    "no name": ({}, "which fault?"),
    "another name": ({"fault": "flood"}, "no such fault: flood (there are kill, term,"),
    "no time": ({"fault": "kill", "for": 0}, "invalid for: it has to be from 0.1s to 3600s, not 0"),
    "too long": ({"fault": "kill", "for": 3601}, "invalid for"),
    "no number": ({"fault": "kill", "for": "30s"}, "invalid for: it has to be a number"),
    "no finite number": ({"fault": "kill", "for": float("nan")}, "invalid for"),
    "a yes": ({"fault": "kill", "every": True}, "invalid every"),
    "no dyno": ({"fault": "kill", "dyno": 1}, "invalid dyno"),
    "no seed": ({"fault": "kill", "seed": -1}, "invalid seed"),
    "another's wish": ({"fault": "kill", "delay": 5}, "kill takes no delay: it takes dyno, for"),
    "more than all": ({"fault": "cut", "share": 1.5}, "invalid share"),
    "no such mode": ({"fault": "backing", "mode": "burn"}, "invalid mode"),
    "a time of no use": (
        {"fault": "kill", "for": 10},
        "kill is over at once: for takes every, too",
    ),
    "no jitter": ({"fault": "backing", "jitter": 5}, "backing takes no jitter"),
    "what is gone is not late": ({"fault": "backing", "delay": 5}, "with the mode slow only"),
    "two quotas": ({"fault": "memory", "quota": 5, "fill": 2}, "quota or fill, not both"),
    "what goes on": ({"fault": "memory", "every": 5}, "memory goes on by itself"),
}


@pytest.mark.parametrize(("body", "why"), REFUSED.values(), ids=REFUSED)
def test_a_wish_that_cannot_be(body: dict[str, object], why: str) -> None:
    with pytest.raises(UserError) as caught:
        faults.read(body)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wish_keeps_what_was_sent() -> None:
    wish = faults.read({"fault": "slow", "dyno": "web.2", "for": 5, "seed": 3, "delay": 250})
    assert (wish.kind.name, wish.dyno, wish.seconds, wish.seed) == ("slow", "web.2", 5.0, 3)
    assert wish.own == {"delay": 250.0}
    assert faults.read({"fault": "kill", "for": None, "every": None, "seed": None}).seconds is None


def test_whom_a_fault_is_about_when_nobody_says() -> None:
    types = ("web", "worker")
    usual = {name: faults.usual_target(kind, types) for name, kind in faults.KINDS.items()}
    assert {name for name, target in usual.items() if not target} == {"cycle", "backing"}
    assert faults.usual_target(faults.KINDS["kill"], ["worker"]) == ""


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("web.1", "web.1", True),
        ("web", "web.1", True),
        ("web.1", "web", True),
        ("web.1", "web.2", False),
        ("web", "worker", False),
        ("web.1", "web.11", False),
    ],
)
def test_which_targets_have_a_dyno_in_common(one: str, other: str, both: bool) -> None:
    assert faults.overlap(one, other) is both


SERVERS = {
    "postgres://me:p%40ss@db.test/shop?sslmode=require": ("db.test", 5432),
    "postgresql+psycopg://me:p@10.0.0.1:6000/shop": ("10.0.0.1", 6000),
    "redis://:secret@[::1]:6380/0": ("::1", 6380),
    "mysql2://u:p@localhost/x#y": ("localhost", 3306),
    "custom://somewhere:99": ("somewhere", 99),
}


@pytest.mark.parametrize(("url", "place"), SERVERS.items())
def test_the_host_is_swapped_and_all_else_is_kept(url: str, place: tuple[str, int]) -> None:
    assert swap.target("DATABASE_URL", url) == place
    before, _, after = url.partition("@" if "@" in url else "://")
    mine = swap.swapped(url, "127.0.0.1", 7)
    assert mine.startswith(f"{before}{'@' if '@' in url else '://'}127.0.0.1:7")
    rest = after.partition("/")[1] + after.partition("/")[2]
    assert mine.endswith(f"127.0.0.1:7{rest}")


def test_the_one_backing_service_needs_no_name() -> None:
    config = {"DATABASE_URL": "postgres://db/x", "CACHE_URL": "sqlite:///x", "HOME": "x://y"}
    assert swap.only(config) == "DATABASE_URL"
    assert swap.only({"CACHE_URL": "sqlite:///x"}) == "CACHE_URL"  # and then it is said why not
    for others in ({}, {"A_URL": "redis://a", "B_URL": "redis://b"}):
        with pytest.raises(UserError, match="which config var"):
            swap.only(others)


HOPELESS = {
    "sqlite:////var/data/shop.db": "names a file",
    "postgres:///shop?host=/var/run/postgresql": "names a Unix socket",
    "postgres://%2Fvar%2Frun/shop": "names a Unix socket",
    "unix:///run/redis.sock": "names a file",
    "postgres://a:1,b:2/shop": "names several hosts",
    "mongodb+srv://cluster.test/x": "from the DNS",
    "postgres://db.test/shop?sslmode=verify-full": "sslmode=verify-full",
    "rediss://:secret@db.test:6380": "checks the host's name (rediss)",
    "custom://somewhere": "has no port",
    "postgres://db.test:port/x": "the host or the port",
    "shop.db": "is no URL",
}


@pytest.mark.parametrize(("url", "why"), HOPELESS.items())
def test_what_no_relay_can_stand_before_is_said(url: str, why: str) -> None:
    with pytest.raises(UserError) as caught:
        swap.target("DATABASE_URL", url)
    assert why in str(caught.value)
    assert "DATABASE_URL" in str(caught.value)
    assert "secret" not in str(caught.value)
