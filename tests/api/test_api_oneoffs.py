"""One-off dynos over the API: what is asked, what is answered, and what ends them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from api_kit import Shop
from conftest import Folder, wait_until


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = tmp_path_factory.mktemp("oneoffs") / "shop"
    path.mkdir()
    folder = Folder(path)
    folder.write("Procfile", "worker: exec sleep 600\n")
    running = folder.start("--time-scale", "0.05")
    _ = running.port
    running.wait_for(r"heroku\[worker\.1\]: State changed from starting to up$")
    yield Shop(folder, running)
    running.destroy()


def test_a_detached_one_is_a_dyno_while_it_lives(shop: Shop) -> None:
    wish = {"command": "exec sleep 600", "size": "basic", "env": {"COLUMNS": 80}, "attach": False}
    answer = shop.ask("POST", "/dynos", wish)
    dyno = answer.value
    assert answer.status == 201
    assert {k: dyno[k] for k in ("command", "size", "type", "attach_url")} == {
        "command": "exec sleep 600", "size": "Basic", "type": "run", "attach_url": None,
    }  # fmt: skip
    name = dyno["name"]
    assert name.startswith("run.")
    assert shop.ask("GET", f"/dynos/{dyno['id']}").value["name"] == name
    wait_until(lambda: shop.dynos()[name]["state"] == "up", "it is up")
    assert set(dyno) == set(shop.dynos()["worker.1"])
    assert shop.ask("POST", f"/dynos/{name}/actions/stop").status == 202
    wait_until(lambda: name not in shop.dynos(), "it is gone")
    assert shop.ask("GET", f"/dynos/{name}").error == (404, "not_found")


def test_nobody_comes_is_r13(shop: Shop) -> None:
    name = shop.ask("POST", "/dynos", {"command": "bash", "attach": True}).value["name"]
    assert shop.dynos()[name]["state"] == "starting"
    shop.running.wait_for(rf"heroku\[{name}\]: Error R13 \(Attach error\) -> Failed to attach")
    shop.running.wait_for(rf"heroku\[{name}\]: State changed from starting to complete$")
    assert name not in shop.dynos()


def test_its_time_to_live_ends_it(shop: Shop) -> None:
    name = shop.ask("POST", "/dynos", {"command": "sleep 600", "time_to_live": 1}).value["name"]
    shop.running.wait_for(rf"heroku\[{name}\]: Process exited with status 143$")


def test_another_type_gives_another_name(shop: Shop) -> None:
    dyno = shop.ask("POST", "/dynos", {"command": "true", "type": "scheduler"}).value
    assert (dyno["type"], dyno["name"].split(".")[0]) == ("scheduler", "scheduler")


def test_a_restart_of_all_leaves_it_be(shop: Shop) -> None:
    dyno = shop.ask("POST", "/dynos", {"command": "sleep 600"}).value
    assert shop.ask("DELETE", "/dynos").status == 202
    shop.running.wait_for(r"heroku\[worker\.1\]: Starting process", count=2)
    assert shop.dynos()[dyno["name"]]["id"] == dyno["id"]
    shop.ask("DELETE", f"/dynos/{dyno['name']}")
    wait_until(lambda: dyno["name"] not in shop.dynos(), "it is gone")


def test_there_may_not_be_too_many(shop: Shop) -> None:
    names = []
    while (answer := shop.ask("POST", "/dynos", {"command": "x", "attach": True})).status == 201:
        names.append(answer.value["name"])
    assert answer.error == (422, "invalid_params")
    assert "more than 50" in answer.value["message"]
    assert len(set(names)) == len(names)
    for name in names:
        shop.ask("POST", f"/dynos/{name}/actions/stop")


BAD = {
    "no command": {},
    "an empty command": {"command": " "},
    "a NUL": {"command": "echo \0"},
    "half a letter": {"command": "echo \udcff"},
    "a list": {"command": ["true"]},
    "a long one": {"command": "x" * 100_001},
    "an env that is none": {"command": "true", "env": "A=1"},
    "a name with =": {"command": "true", "env": {"A=B": "1"}},
    "a NUL in a value": {"command": "true", "env": {"A": "\0"}},
    "no such size": {"command": "true", "size": "huge"},
    "a strange type": {"command": "true", "type": "a b"},
    "a life of no time": {"command": "true", "time_to_live": 0},
    "attach as a word": {"command": "true", "attach": "yes"},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_what_cannot_be_run_is_refused(shop: Shop, body: dict[str, object]) -> None:
    assert shop.ask("POST", "/dynos", body).error == (422, "invalid_params")


def test_inside_a_dyno_that_there_is_not(shop: Shop) -> None:
    assert shop.ask("POST", "/dynos/web.1", {"command": "true"}).error == (404, "not_found")
