"""Formations: texts, changes, who starts, and which ports follow (peers.md, 0.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localku.errors import UserError
from localku.manifest import formation

TYPES = ["web", "worker", "z"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(["web=2,worker=1,all=1"], {"web": 2, "worker": 1, "all": 1}, id="commas"),
        pytest.param(["web=2 worker=1"], {"web": 2, "worker": 1}, id="blanks"),
        pytest.param([" web=2, worker=0 ,"], {"web": 2, "worker": 0}, id="both"),
        pytest.param(["web=2", "worker=3"], {"web": 2, "worker": 3}, id="twice"),
        pytest.param(["web=2,z=1", "web=3"], {"web": 3, "z": 1}, id="later-wins"),
        pytest.param(["web=2", "all=0"], {"all": 0}, id="later-all-wins"),
        pytest.param(["my-worker=1"], {"my-worker": 1}, id="hyphen"),
        pytest.param([], {}, id="nothing"),
    ],
)
def test_parse(texts: list[str], expected: dict[str, int]) -> None:
    assert formation.parse(texts) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("web=x", "--formation: web=x: 'x' is not a number (write a whole number, such as web=1)"),
        ("web=²", "--formation: web=²: '²' is not a number (write a whole number, such as web=1)"),
        ("web=-1", "--formation: web=-1: there are no fewer than 0 dynos"),
        ("web=1001", "--formation: more than 1000 dynos of web"),
        ("web=" + "9" * 5000, "--formation: more than 1000 dynos of web"),
        ("web", "--formation: 'web' has no number (write web=1)"),
        ("web=", "--formation: 'web=' has no number (write web=1)"),
        ("=1", "--formation: '' cannot name a process type (write web=1)"),
        ("a.b=1", "--formation: 'a.b' cannot name a process type (write web=1)"),
        ("web=1,web=2", "--formation: web is given twice in 'web=1,web=2'"),
    ],
)  # fmt: skip
def test_parse_errors(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        formation.parse([text])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("types", "wishes", "only", "expected"),
    [
        pytest.param(TYPES, {}, [], {"web": 1, "worker": 1, "z": 1}, id="one-each"),
        pytest.param(TYPES, {"web": 2}, [], {"web": 2, "worker": 1, "z": 1}, id="named"),
        pytest.param(TYPES, {"all": 0, "z": 2}, [], {"web": 0, "worker": 0, "z": 2}, id="all"),
        pytest.param(TYPES, {}, ["worker"], {"web": 0, "worker": 1, "z": 0}, id="only"),
        pytest.param(TYPES, {"all": 3}, ["z"], {"web": 0, "worker": 0, "z": 3}, id="only-all"),
        pytest.param(["web", "release"], {}, [], {"web": 1, "release": 0}, id="release"),
        pytest.param(["web", "release"], {"all": 2}, [], {"web": 2, "release": 0}, id="rel-all"),
        pytest.param(["web", "release"], {"release": 1}, [], {"web": 1, "release": 1}, id="rel=1"),
        pytest.param(
            ["web", "release"], {"all": 2}, ["release"], {"web": 0, "release": 1}, id="only-release"
        ),
    ],
)
def test_resolve(
    types: list[str], wishes: dict[str, int], only: list[str], expected: dict[str, int]
) -> None:
    assert formation.resolve(types, wishes, only) == expected


@pytest.mark.parametrize(
    ("wishes", "only", "message", "status"),
    [
        pytest.param(
            {"wbe": 2},
            [],
            "localku.yml:3: no process type wbe in the Procfile"
            " (did you mean web? the Procfile has: web, worker, z)",
            1,
            id="formation",
        ),
        pytest.param(
            {},
            ["nope"],
            "argument: no process type nope in the Procfile (the Procfile has: web, worker, z)",
            2,
            id="argument",
        ),
        pytest.param(
            {},
            ["web.1"],
            "argument: no process type web.1 in the Procfile"
            " (web.1 is a dyno; its process type is web)",
            2,
            id="dyno",
        ),
    ],
)
def test_unknown_types(wishes: dict[str, int], only: list[str], message: str, status: int) -> None:
    with pytest.raises(UserError) as caught:
        formation.resolve(TYPES, wishes, only, {"wbe": "localku.yml:3"})
    assert str(caught.value) == message
    assert caught.value.status == status


def test_arguments_may_have_numbers() -> None:
    """heroku local takes `web=2,worker`."""
    assert formation.parse_only(["web=2,worker", "z"]) == (["web", "worker", "z"], {"web": 2})
    assert formation.parse_only([]) == ([], {})


@pytest.mark.parametrize(
    ("text", "now", "after", "size"),
    [
        ("web=3", 1, 3, ""),
        ("worker+1", 1, 2, ""),
        ("worker=+1", 1, 2, ""),
        ("worker-1", 1, 0, ""),
        ("worker=-2", 5, 3, ""),
        ("my-worker-1", 3, 2, ""),
        ("web=3:standard-1x", 0, 3, "standard-1x"),
        ("web+2:performance-m", 1, 3, "performance-m"),
    ],
)
def test_changes(text: str, now: int, after: int, size: str) -> None:
    change = formation.parse_change(text)
    assert (change.quantity(now), change.size) == (after, size)


@pytest.mark.parametrize("text", ["web", "web=", "=3", "web=x", "web=1:", "web 3", "wéb=1", ""])
def test_changes_that_are_none(text: str) -> None:
    with pytest.raises(UserError) as caught:
        formation.parse_change(text)
    assert str(caught.value) == (
        f"{text!r} is not a change of a formation"
        " (write web=3, worker+1, worker-1 or web=3:standard-1x)"
    )
    assert caught.value.status == 2


def test_changes_out_of_range() -> None:
    with pytest.raises(UserError, match=r"web runs 2, so 5 cannot be taken away \(.*web=0\)"):
        formation.parse_change("web-5").quantity(2)
    with pytest.raises(UserError, match="more than 1000 dynos of web"):
        formation.parse_change("web+1").quantity(1000)


@pytest.mark.parametrize(
    ("types", "dyno", "expected"),
    [
        (TYPES, ("web", 1), 5106),
        (TYPES, ("web", 2), 5107),
        (TYPES, ("worker", 1), 5206),
        (TYPES, ("z", 1), 5306),
        (["release", "web"], ("web", 1), 5106),
        (["release", "web"], ("release", 1), 5206),
        (TYPES, ("web", 100), 5205),
        (TYPES, ("web", 101), 5406),
    ],
)
def test_ports(types: list[str], dyno: tuple[str, int], expected: int) -> None:
    assert formation.port(5106, types, *dyno) == expected


@given(st.integers(1, 6), st.sets(st.tuples(st.integers(0, 5), st.integers(1, 1000)), min_size=2))
def test_no_two_dynos_share_a_port(count: int, dynos: set[tuple[int, int]]) -> None:
    types = [f"t{index}" for index in range(count)]
    mine = {(index % count, number) for index, number in dynos}
    ports = {formation.port(5106, types, types[index], number) for index, number in mine}
    assert len(ports) == len(mine)
