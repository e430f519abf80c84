"""Webhooks, pipelines and couplings: kept for Heroku's CLI, also over a restart."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_kit import TWO_TYPES, Answer, Shop, ask
from conftest import Folder

from localku.platform import migrations, records
from localku.platform.store import Store

HOOK = {"include": ["api:release", "dyno"], "level": "notify", "url": "https://x.example.com"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("records") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    _ = running.port
    yield Shop(folder, running)
    running.destroy()


@pytest.fixture
def clean(shop: Shop) -> Iterator[Shop]:
    """Nothing is kept before and after."""
    yield shop
    for each in shop.ask("GET", "/webhooks").value:
        shop.ask("DELETE", f"/webhooks/{each['id']}")
    for each in ask(shop.root, "GET", "/pipelines").value:
        ask(shop.root, "DELETE", f"/pipelines/{each['id']}")


# -- webhooks ------------------------------------------------------------------------------------


def test_a_webhook_comes_changes_and_goes(clean: Shop) -> None:
    made = clean.ask("POST", "/webhooks", HOOK)
    assert made.status == 201
    assert len(made.headers["Heroku-Webhook-Secret"]) == 64
    assert {name: made.value[name] for name in HOOK} == HOOK
    assert "secret" not in made.value
    path = f"/webhooks/{made.value['id']}"
    assert clean.ask("GET", "/webhooks").value == [made.value]
    assert clean.ask("GET", path).value == made.value
    changed = clean.ask("PATCH", path, {"level": "sync"}).value
    assert changed["level"] == "sync"
    assert changed["url"] == HOOK["url"]
    assert clean.ask("DELETE", path).value == changed
    assert clean.ask("GET", path).error == (404, "not_found")


def test_a_secret_that_was_given_is_used(clean: Shop) -> None:
    made = clean.ask("POST", "/webhooks", {**HOOK, "secret": "s", "authorization": "Bearer x"})
    assert made.headers["Heroku-Webhook-Secret"] == "s"


BAD_HOOKS = {
    "empty": {},
    "no url": {**HOOK, "url": ""},
    "no URL": {**HOOK, "url": "x"},
    "a file": {**HOOK, "url": "file:///etc/passwd"},
    "a number": {**HOOK, "url": 1},
    "a long one": {**HOOK, "url": "https://" + "x" * 3000},
    "a level": {**HOOK, "level": "loud"},
    "no list": {**HOOK, "include": "dyno"},
    "an unknown event": {**HOOK, "include": ["dyno", "nosuch"]},
    "no text": {**HOOK, "include": [[]]},
    "a secret": {**HOOK, "secret": {}},
}


@pytest.mark.parametrize("body", BAD_HOOKS.values(), ids=BAD_HOOKS)
def test_a_webhook_that_cannot_be(shop: Shop, body: object) -> None:
    assert shop.ask("POST", "/webhooks", body).error == (422, "invalid_params")
    assert shop.ask("GET", "/webhooks").value == []


def test_nothing_was_delivered(shop: Shop) -> None:
    for path in ("/webhook-deliveries", "/webhook-events"):
        assert shop.ask("GET", path).value == []


# -- pipelines -----------------------------------------------------------------------------------


def create(shop: Shop, name: str = "pipe") -> Answer:
    return ask(shop.root, "POST", "/pipelines", {"name": name})


def couple(shop: Shop, pipeline: object, stage: object = "staging", app: object = "shop") -> Answer:
    body = {"app": app, "pipeline": pipeline, "stage": stage}
    return ask(shop.root, "POST", "/pipeline-couplings", body)


def test_a_pipeline_is_found_by_name_and_id(clean: Shop) -> None:
    made = create(clean)
    assert made.status == 201
    other = create(clean, "other").value
    for word in ("pipe", made.value["id"]):
        assert ask(clean.root, "GET", f"/pipelines/{word}").value == made.value
    assert ask(clean.root, "GET", "/pipelines?eq[name]=pipe").value == [made.value]
    assert ask(clean.root, "GET", "/pipelines?eq%5Bname%5D=nosuch").value == []
    assert ask(clean.root, "GET", "/pipelines").value == [made.value, other]
    renamed = ask(clean.root, "PATCH", "/pipelines/pipe", {"name": "new"}).value
    assert (renamed["name"], renamed["id"]) == ("new", made.value["id"])
    assert ask(clean.root, "PATCH", "/pipelines/new", {"name": "other"}).status == 422
    assert ask(clean.root, "PATCH", "/pipelines/new", {"name": "new"}).status == 200


@pytest.mark.parametrize("name", ["", "ab", "Pipe", "1pipe", "a" * 31, None, 5, [], "a b c"])
def test_a_name_that_cannot_be(shop: Shop, name: object) -> None:
    answer = ask(shop.root, "POST", "/pipelines", {"name": name})
    assert answer.error == (422, "invalid_params")


def test_a_name_that_is_taken(clean: Shop) -> None:
    create(clean)
    assert create(clean).value["message"] == "Name is already taken."


def test_an_app_has_one_place_in_one_pipeline(clean: Shop) -> None:
    pipe, other = create(clean).value, create(clean, "other").value
    assert clean.ask("GET", "/pipeline-couplings").error == (404, "not_found")
    made = couple(clean, pipe["id"])
    assert made.status == 201
    assert made.value["pipeline"] == {"id": pipe["id"], "name": "pipe"}
    assert clean.ask("GET", "/pipeline-couplings").value == made.value
    assert couple(clean, other["id"]).error == (422, "invalid_params")
    path = f"/pipeline-couplings/{made.value['id']}"
    moved = ask(clean.root, "PATCH", path, {"stage": "production"}).value
    assert moved["stage"] == "production"
    for where in ("/pipelines/pipe/pipeline-couplings", "/pipeline-couplings"):
        assert ask(clean.root, "GET", where).value == [moved]
    assert ask(clean.root, "GET", "/pipelines/other/pipeline-couplings").value == []
    wanted = {"in": {"id": [moved["app"]["id"]]}}
    [app] = ask(clean.root, "POST", "/filters/apps", wanted).value
    assert app["name"] == "shop"
    assert ask(clean.root, "DELETE", path).value == moved
    assert ask(clean.root, "GET", path).error == (404, "not_found")
    assert couple(clean, {"id": pipe["id"]}, app={"name": "shop"}).status == 201
    ask(clean.root, "DELETE", "/pipelines/pipe")
    assert clean.ask("GET", "/pipeline-couplings").error == (404, "not_found")


def test_couplings_that_cannot_be(clean: Shop) -> None:
    create(clean)
    assert couple(clean, "pipe", "moon").error == (422, "invalid_params")
    assert couple(clean, "pipe", []).error == (422, "invalid_params")
    assert couple(clean, "nosuch").error == (404, "not_found")
    assert couple(clean, []).error == (404, "not_found")
    assert couple(clean, "pipe", app="nosuch").error == (404, "not_found")
    assert ask(clean.root, "POST", "/pipeline-promotions", {}).error == (422, "invalid_params")


FILTERS = {
    "nothing": ({}, 200),
    "no object": ({"in": []}, 200),
    "unknown": ({"in": {"id": ["x"]}}, 200),
    "no texts": ({"in": {"id": [{}]}}, 422),
    "a number": ({"in": {"id": 5}}, 422),
}


@pytest.mark.parametrize(("body", "status"), FILTERS.values(), ids=FILTERS)
def test_filters_that_find_nothing(shop: Shop, body: object, status: int) -> None:
    answer = ask(shop.root, "POST", "/filters/apps", body)
    assert answer.status == status
    assert status == 422 or answer.value == []


# -- what there is none of yet -------------------------------------------------------------------

REFUSED = {
    "certificates": ("POST", "/sni-endpoints", 422),
    "a certificate": ("GET", "/sni-endpoints/x", 404),
    "ACM": ("POST", "/acm", 422),
    "no ACM": ("DELETE", "/acm", 422),
}


@pytest.mark.parametrize(("method", "path", "status"), REFUSED.values(), ids=REFUSED)
def test_what_there_is_none_of_says_so(shop: Shop, method: str, path: str, status: int) -> None:
    answer = shop.ask(method, path, {})
    assert answer.status == status
    assert answer.value["message"]
    assert ask(shop.root, method, f"/apps/nosuch{path}", {}).error == (404, "not_found")


@pytest.mark.parametrize("path", ["/sni-endpoints", "/addons"])
def test_lists_of_it_are_empty(shop: Shop, path: str) -> None:
    assert shop.ask("GET", path).value == []
    assert ask(shop.root, "GET", f"/apps/nosuch{path}").error == (404, "not_found")


def test_missing_add_ons_are_named_as_the_cli_wants_it(shop: Shop) -> None:
    for what, resource in (("addons", "add_on"), ("addon-attachments", "add_on attachment")):
        answer = ask(shop.root, "POST", f"/actions/{what}/resolve", {})
        assert answer.value["resource"] == resource


# -- the state -----------------------------------------------------------------------------------


def test_they_outlive_a_kill(folder: Folder) -> None:
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    shop = Shop(folder, running)
    _ = running.port
    shop.ask("POST", "/webhooks", HOOK)
    couple(shop, create(shop).value["id"])
    before = [shop.ask("GET", path).value for path in ("/webhooks", "/pipeline-couplings")]
    running.signal(signal.SIGKILL)
    running.wait()
    running.assert_nothing_left()
    _ = folder.start().port
    assert [shop.ask("GET", path).value for path in ("/webhooks", "/pipeline-couplings")] == before


def test_a_state_of_the_first_version_gets_its_table(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    with sqlite3.connect(path) as db:
        db.executescript(f"{migrations.MIGRATIONS[0]} PRAGMA user_version = 1;")
    store = Store(path)
    hook = records.add(store, records.WEBHOOK, {"url": "x"})
    store.close()
    again = Store(path)
    assert again.records(records.WEBHOOK) == [hook]
    again.close()
