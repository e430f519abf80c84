"""The state on disk: what is written is read again, all of a change or nothing of it."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localku.errors import UserError
from localku.platform.migrations import MIGRATIONS
from localku.platform.savedfile import read_saved
from localku.platform.state import AppState, Domain, Process, Release, Seen, Switch
from localku.platform.store import Store

NASTY = {
    "EMPTY": "",
    "LINES": "a\nb\r\n",
    "QUOTES": "'\"`$\\",
    "UNICODE": "ä⬢\U0001f600",
    "EQ": "=",
}
SEEN = Seen({"A": "1"}, {"web": 2}, {"web": "run me", "release": "x"}, {"A": "1"})
SHOP = AppState("id-1", "shop", "/srv/sh\udcffop", 1.5, 2.5, 3.5, True, "random", NASTY, SEEN)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state.db")


@pytest.fixture
def store(path: str) -> Iterator[Store]:
    store = Store(path)
    with store.change() as change:
        change.save_app(SHOP)
    yield store
    store.close()


def reopened(path: str) -> Store:
    return Store(path)


def test_an_app_is_read_as_it_was_written(store: Store, path: str) -> None:
    seen = replace(SEEN, quantities={"web": 2, "release": 0})  # every type has a number
    store.close()
    again = reopened(path)
    assert again.apps() == [replace(SHOP, seen=seen)]
    again.close()


def test_a_second_saving_replaces_the_first(store: Store) -> None:
    fresh = replace(SHOP, name="other", config={"B": "2"}, seen=Seen(), maintenance=False)
    with store.change() as change:
        change.save_app(fresh)
    assert store.apps() == [fresh]


def test_an_error_undoes_all_of_a_change(store: Store) -> None:
    before = store.apps()
    with pytest.raises(ZeroDivisionError), store.change() as change:
        change.save_app(replace(SHOP, config={}))
        change.save_process("id-1", Process("web", 3, "Eco", 1, 1))
        raise ZeroDivisionError
    assert store.apps() == before
    assert store.formation("id-1") == {}


def test_releases(store: Store) -> None:
    with store.change() as change:
        for number in range(1, 6):
            release = Release(f"r{number}", number, f"Set {number}", "u", 1, 2, config=NASTY)
            change.save_release("id-1", release)
    assert [each.version for each in store.releases("id-1")] == [5, 4, 3, 2, 1]
    assert [each.version for each in store.releases("id-1", 2, below=4)] == [3, 2]
    found = store.release("id-1", "v3")
    assert found is not None and found.config == NASTY
    assert found == store.release("id-1", "3") == store.release("id-1", "r3")
    assert store.release("id-1", "v9") is store.release("id-1", "nope") is None
    assert store.release("id-2", "v3") is None


def test_what_belongs_to_an_app_goes_with_it(store: Store) -> None:
    other = replace(SHOP, id="id-2", name="other")
    domain = Domain("d1", "www.shop.test", 1, 2)
    with store.change() as change:
        change.save_app(other)
        change.add_domain("id-1", domain)
        change.save_switch("id-1", Switch("preboot", True, 1, 2))
        change.save_process("id-1", Process("web", 3, "Eco", 1, 1))
        change.save_release("id-1", Release("r1", 1, "x", "u", 1, 2))
    assert store.domains("id-1") == [domain]
    assert store.domain_owner("www.shop.test") == "id-1"
    assert store.switches("id-1")["preboot"].enabled
    with store.change() as change:
        change.remove_app("id-1")
    assert [app.id for app in store.apps()] == ["id-2"]
    assert (store.domains("id-1"), store.releases("id-1"), store.switches("id-1")) == ([], [], {})
    assert store.domain_owner("www.shop.test") == ""


def test_two_apps_cannot_have_one_name(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError), store.change() as change:
        change.save_app(replace(SHOP, id="id-2"))
    assert [app.id for app in store.apps()] == ["id-1"]


def test_nobody_else_can_read_it(store: Store, path: str) -> None:
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_a_state_of_a_newer_localku_is_left_alone(store: Store, path: str) -> None:
    store.close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    db.close()
    before = Path(path).read_bytes()
    with pytest.raises(UserError, match="newer localku"):
        Store(path)
    assert Path(path).read_bytes() == before


def test_a_file_that_is_no_state_is_told(path: str) -> None:
    Path(path).write_text("hello " * 100)
    with pytest.raises(UserError, match=r"state\.db: the state cannot be used"):
        Store(path)
    assert read_saved(path) is None


def test_a_migration_that_fails_leaves_what_was(
    store: Store, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.close()
    before = Path(path).read_bytes()
    broken = (*MIGRATIONS, "CREATE TABLE fresh (a); CREATE TABLE apps (a);")
    monkeypatch.setattr("localku.platform.store.MIGRATIONS", broken)
    with pytest.raises(UserError, match="the state cannot be used"):
        Store(path)
    assert Path(path).read_bytes() == before
    monkeypatch.setattr("localku.platform.store.MIGRATIONS", (*MIGRATIONS, "CREATE TABLE f (a);"))
    again = Store(path)
    assert [app.name for app in again.apps()] == ["shop"]
    again.close()


def test_the_first_dynos_read_the_same(store: Store, path: str) -> None:
    with store.change() as change:
        change.save_process("id-1", Process("web", 3, "Eco", 1, 1))
    saved = read_saved(path)
    assert saved is not None
    assert (saved.name, saved.config, saved.formation) == ("shop", NASTY, {"web": 3})
    assert (saved.env, saved.quantities) == ({"A": "1"}, {"web": 2, "release": 0})
    assert (saved.generated, saved.late) == ({"A": "1"}, False)
    with store.change() as change:
        change.save_switch("id-1", Switch("runtime-dyno-metadata", True, 1, 2))
    again = read_saved(path)
    assert again is not None and again.late


def test_without_a_state_there_is_nothing_to_read(path: str) -> None:
    assert read_saved(path) is None
    assert not Path(path).exists()
