"""What the endpoints answer, and refuse, over the control socket of a real platform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from api_kit import TWO_TYPES, Shop, ask
from conftest import Folder

from localku.api.errors import NO_ENDPOINT

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
NOBODY = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One platform for all tests that leave it as it was."""
    root = tmp_path_factory.mktemp("api") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    shop = Shop(folder, running)
    _ = running.port
    shop.wait_for_states(web_1="up", worker_1="up")
    yield shop
    running.destroy()


# -- reading -------------------------------------------------------------------------------------


def test_apps_are_found_by_name_and_by_id(shared: Shop) -> None:
    listed = ask(shared.root, "GET", "/apps")
    assert listed.status == 200
    [app] = listed.value
    assert app["name"] == "shop"
    assert app["web_url"] == f"http://shop.localhost:{shared.running.port}/"
    for word in ("shop", app["id"]):
        assert ask(shared.root, "GET", f"/apps/{word}").value == app


def test_the_formation_is_listed_and_each_type_is_found_by_name_and_id(shared: Shop) -> None:
    listed = shared.ask("GET", "/formation").value
    assert [(each["type"], each["quantity"], each["size"]) for each in listed] == [
        ("web", 1, "Standard-1X"),
        ("worker", 1, "Standard-1X"),
    ]
    for each in listed:
        for word in (each["type"], each["id"]):
            assert shared.ask("GET", f"/formation/{word}").value == each


def test_dynos_are_listed_and_found_by_name_and_id(shared: Shop) -> None:
    listed = shared.ask("GET", "/dynos").value
    assert [(each["name"], each["type"], each["state"]) for each in listed] == [
        ("web.1", "web", "up"),
        ("worker.1", "worker", "up"),
    ]
    assert listed[1]["command"] == "exec sleep 600"
    [*_, newest] = shared.ask("GET", "/releases").value
    # `heroku ps:wait` waits for that; the first dynos are spawned before it is known
    assert {each["release"]["version"] for each in listed} == {newest["version"]}
    for each in listed:
        for word in (each["name"], each["id"]):
            assert shared.ask("GET", f"/dynos/{word}").value == each


def test_status_says_who_runs(shared: Shop) -> None:
    status = ask(shared.root, "GET", "/localku/status").value
    assert status["pid"] == shared.running.proc.pid
    assert status["apps"] == ["shop"]
    assert status["port"] == shared.running.port
    assert 0 < status["uptime"] < 600


# -- errors --------------------------------------------------------------------------------------

MISSING = [
    ("GET", "/apps/nosuch", "Couldn't find that app."),
    ("GET", f"/apps/{NOBODY}/dynos", "Couldn't find that app."),
    ("PATCH", "/apps/nosuch/formation", "Couldn't find that app."),
    ("GET", "/apps/shop/formation/nosuch", "Couldn't find that process type (nosuch)."),
    ("PATCH", "/apps/shop/formation/nosuch", "Couldn't find that process type (nosuch)."),
    ("DELETE", "/apps/shop/formations/nosuch", "Couldn't find that process type (nosuch)."),
    ("POST", "/apps/shop/formations/x/actions/stop", "Couldn't find that process type (x)."),
    ("GET", "/apps/shop/dynos/web.9", "Couldn't find that process (web.9)."),
    ("GET", "/apps/shop/dynos/web", "Couldn't find that process (web)."),
    ("DELETE", "/apps/shop/dynos/web.9", "Couldn't find that process (web.9)."),
    ("POST", "/apps/shop/dynos/a%2Fb/actions/stop", "Couldn't find that process (a/b)."),
    ("GET", "/nosuch", NO_ENDPOINT),
    ("DELETE", "/apps/shop/formation", NO_ENDPOINT),
    ("GET", "/localku/apps/shop/dynos/web.9/attach", "Couldn't find that process (web.9)."),
]


@pytest.mark.parametrize(
    ("method", "path", "message"), MISSING, ids=[f"{m} {p}" for m, p, _ in MISSING]
)
def test_what_is_not_there_is_not_found(shared: Shop, method: str, path: str, message: str) -> None:
    answer = ask(shared.root, method, path, {})
    assert answer.error == (404, "not_found")
    assert answer.value["message"] == message


BAD_QUANTITIES = [
    -1,
    1001,
    10**30,
    1.5,
    True,
    [],
    {},
    "",
    "x",
    "-2",
    "+1000",
    "=1",
    "1.0",
    " 1",
    "٣",
]


@pytest.mark.parametrize("quantity", BAD_QUANTITIES, ids=repr)
def test_a_quantity_that_cannot_be_changes_nothing(shared: Shop, quantity: object) -> None:
    before = shared.quantities()
    updates = [{"type": "worker", "quantity": 5}, {"type": "web", "quantity": quantity}]
    for path, body in (
        ("/formation", {"updates": updates}),
        ("/formation/web", {"quantity": quantity}),
    ):
        assert shared.ask("PATCH", path, body).error == (422, "invalid_params")
    assert shared.quantities() == before


BAD_BODIES = {
    "cut off": (b'{"updates": [', 400, "bad_request"),
    "no JSON": (b"updates=web", 400, "bad_request"),
    "NaN": (b'{"updates": NaN}', 400, "bad_request"),
    "not UTF-8": (b'{"updates": "\xff"}', 400, "bad_request"),
    "too deep": (b"[" * 100_000, 400, "bad_request"),
    "a number of 10,000 digits": (b'{"x": ' + b"9" * 10_000 + b"}", 400, "bad_request"),
    "too large": (b" " * 300_000, 413, "payload_too_large"),
    "a list": (b"[]", 422, "invalid_params"),
    "no updates": (b"{}", 422, "invalid_params"),
    "empty": (b"", 422, "invalid_params"),
    "updates are no list": (b'{"updates": {"type": "web"}}', 422, "invalid_params"),
    "an update is no object": (b'{"updates": ["web"]}', 422, "invalid_params"),
    "an update without a type": (b'{"updates": [{"quantity": 1}]}', 422, "invalid_params"),
    "a type that is no text": (b'{"updates": [{"type": 1}]}', 422, "invalid_params"),
    "an unknown type": (b'{"updates": [{"type": "x"}]}', 404, "not_found"),
    "a size that there is not": (
        b'{"updates": [{"type": "web", "size": "huge"}]}', 422, "invalid_params",
    ),
    "too many updates": (
        json.dumps({"updates": [{"type": "web"}] * 1001}).encode(), 422, "invalid_params",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "status", "id"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused(shared: Shop, body: bytes, status: int, id: str) -> None:
    before = shared.quantities()
    if id == "invalid_params" and len(body) > 9000 and status == 400:
        pytest.skip("this Python reads numbers of any length")
    answer = shared.ask("PATCH", "/formation", raw=body)
    assert answer.error == (status, id)
    assert answer.value["message"]
    assert shared.quantities() == before


# -- headers -------------------------------------------------------------------------------------


def test_every_answer_has_a_request_id_behind_those_that_were_sent(shared: Shop) -> None:
    for path in ("/formation", "/nosuch"):
        assert re.fullmatch(UUID, shared.ask("GET", path).headers["Request-Id"])
    sent = {"Request-Id": "abcdefgh-1, ijklmnop-2,<script>"}
    found = shared.ask("GET", "/formation", headers=sent).headers["Request-Id"]
    assert re.fullmatch(f"abcdefgh-1,ijklmnop-2,{UUID}", found)


def test_an_unchanged_answer_is_not_sent_again(shared: Shop) -> None:
    etag = shared.ask("GET", "/formation").headers["ETag"]
    again = shared.ask("GET", "/formation", headers={"If-None-Match": etag})
    assert (again.status, again.value) == (304, None)
    assert again.headers["ETag"] == etag
    assert shared.ask("GET", "/dynos", headers={"If-None-Match": etag}).status == 200
