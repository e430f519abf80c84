"""Files and commands both change an app: the later one counts."""

from __future__ import annotations

import pytest

from localku.platform.seen import (
    Saved,
    changed,
    config_changes,
    merged_config,
    merged_formation,
)


def saved(config: dict[str, str], env: dict[str, str]) -> Saved:
    return Saved("shop", config, {}, env, {}, {})


CONFIGS = {
    "nothing was there": (None, {"A": "1"}, {"A": "1"}),
    "all is as it was": (saved({"A": "1"}, {"A": "1"}), {"A": "1"}, {"A": "1"}),
    "a command set what the file does not have": (
        saved({"A": "1", "B": "2"}, {"A": "1"}), {"A": "1"}, {"A": "1", "B": "2"},
    ),
    "a command set what the file has": (saved({"A": "9"}, {"A": "1"}), {"A": "1"}, {"A": "9"}),
    "and then the file changed": (saved({"A": "9"}, {"A": "1"}), {"A": "2"}, {"A": "2"}),
    "a command removed what the file has": (saved({}, {"A": "1"}), {"A": "1"}, {}),
    "and then the file changed it": (saved({}, {"A": "1"}), {"A": "2"}, {"A": "2"}),
    "the file has a new one": (saved({"B": "2"}, {}), {"A": "1"}, {"A": "1", "B": "2"}),
    "the file lost one": (saved({"A": "1", "B": "2"}, {"A": "1"}), {}, {"B": "2"}),
    "the file lost what a command had set": (saved({"A": "9"}, {"A": "1"}), {}, {}),
}  # fmt: skip


@pytest.mark.parametrize(("before", "env", "expected"), CONFIGS.values(), ids=CONFIGS)
def test_config_vars(before: Saved | None, env: dict[str, str], expected: dict[str, str]) -> None:
    assert merged_config(before, env) == expected


def counted(formation: dict[str, int], quantities: dict[str, int]) -> Saved:
    return Saved("shop", {}, formation, {}, quantities, {})


FORMATIONS = {
    "nothing was there": (None, {"web": 1}, {"web": 1}),
    "scaled by a command": (counted({"web": 3}, {"web": 1}), {"web": 1}, {"web": 3}),
    "and then by a flag": (counted({"web": 3}, {"web": 1}), {"web": 2}, {"web": 2}),
    "the flag is gone again": (counted({"web": 2}, {"web": 2}), {"web": 1}, {"web": 1}),
    "a new type": (counted({"web": 3}, {"web": 1}), {"web": 1, "z": 0}, {"web": 3, "z": 0}),
    "a type that is gone": (counted({"web": 3, "z": 2}, {"web": 1, "z": 1}), {"z": 1}, {"z": 2}),
}


@pytest.mark.parametrize(("before", "now", "expected"), FORMATIONS.values(), ids=FORMATIONS)
def test_formations(before: Saved | None, now: dict[str, int], expected: dict[str, int]) -> None:
    assert merged_formation(before, now) == expected


def test_changes_lead_from_one_config_to_the_other() -> None:
    before, after = {"A": "1", "B": "2", "C": "3"}, {"A": "1", "B": "9", "D": ""}
    changes = config_changes(before, after)
    assert changes == {"B": "9", "D": "", "C": None}
    assert changed(before, changes) == after
    assert config_changes(after, after) == {}
