"""Answers against Heroku's published JSON hyper-schema, which is read from beside the project.

Heroku's `strictProperties` says that all of an object's properties are there, and no others.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from api_kit import TWO_TYPES, ask
from conftest import Folder
from jsonschema import Draft4Validator, FormatChecker

SCHEMA = Path(__file__).resolve().parents[3] / "shared" / "heroku-schema.json"

pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason=f"Heroku's schema is not at {SCHEMA}")


def validator(definition: str) -> Draft4Validator:
    """A strict validator for one object.

    Heroku's hosts and regions are not ours: no pattern for URLs, no list of regions. An app's
    create_status is not in the schema, but Heroku answers with it and its CLI reads it.
    """
    root = json.loads(SCHEMA.read_text())
    definitions = copy.deepcopy(root["definitions"])
    for name in ("git_url", "web_url"):
        definitions["app"]["definitions"][name].pop("pattern")
    definitions["app"]["properties"]["create_status"] = {"type": ["string"]}
    definitions["region"]["definitions"]["provider"]["properties"]["region"].pop("enum")
    _make_strict(definitions[definition])
    where = "app-webhook/definitions/app_webhook" if definition == "app-webhook" else definition
    schema = {"$ref": f"#/definitions/{where}", "definitions": definitions}
    return Draft4Validator(schema, format_checker=FormatChecker())


def _make_strict(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("strictProperties") and "properties" in schema:
            schema["additionalProperties"] = False
            schema["required"] = sorted(schema["properties"])
        for value in schema.values():
            _make_strict(value)


HOOK = {"include": ["dyno"], "level": "sync", "url": "https://x.test"}
SETTING: list[tuple[str, str, Any]] = [
    ("PATCH", "/apps/shop/config-vars", {"A": "1", "B": "two"}),
    ("PATCH", "/apps/shop/features/http-session-affinity", {"enabled": True}),
    ("POST", "/apps/shop/domains", {"hostname": "www.shop.test"}),
    ("POST", "/apps/shop/webhooks", HOOK),
    ("POST", "/apps/shop/log-drains", {"url": "http://127.0.0.1:9/x"}),
    ("POST", "/pipelines", {"name": "pipe"}),
    ("POST", "/pipeline-couplings", {"app": "shop", "pipeline": "pipe", "stage": "staging"}),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("schema") / "shop"
    path.mkdir()
    folder = Folder(path)
    folder.write("Procfile", TWO_TYPES + "bad: exit 1\n")
    running = folder.start("--backoff-first", "300", "--backoff-max", "300")
    running.wait_for(r"heroku\[bad\.1\]: Process exited with status 1$", count=2)
    for method, where, body in SETTING:
        assert ask(path, method, where, body).status < 300
    yield path
    running.destroy()


CASES = [
    ("account", "/account"),
    ("account", "/users/~"),
    ("app", "/apps"),
    ("app", "/apps/shop"),
    ("app", "/users/~/apps"),
    ("app-feature", "/apps/shop/features"),
    ("app-feature", "/apps/shop/features/preboot"),
    ("app-webhook", "/apps/shop/webhooks"),
    ("collaborator", "/apps/shop/collaborators"),
    ("collaborator", "/apps/shop/collaborators/you@localhost"),
    ("domain", "/apps/shop/domains"),
    ("domain", "/apps/shop/domains/www.shop.test"),
    ("dyno", "/apps/shop/dynos"),
    ("dyno", "/apps/shop/dynos/bad.1"),
    ("dyno-size", "/dyno-sizes"),
    ("dyno-size", "/dyno-sizes/standard-1x"),
    ("formation", "/apps/shop/formation"),
    ("formation", "/apps/shop/formation/web"),
    ("log-drain", "/apps/shop/log-drains"),
    ("log-drain", "/apps/shop/log-drains/http%3A%2F%2F127.0.0.1%3A9%2Fx"),
    ("oauth-authorization", "/oauth/authorizations"),
    ("pipeline", "/pipelines"),
    ("pipeline-coupling", "/pipeline-couplings"),
    ("pipeline-coupling", "/apps/shop/pipeline-couplings"),
    ("rate-limit", "/account/rate-limits"),
    ("region", "/regions"),
    ("region", "/regions/local"),
    ("release", "/apps/shop/releases"),
    ("release", "/apps/shop/releases/2"),
    ("stack", "/stacks"),
    ("stack", "/stacks/local"),
]


@pytest.mark.parametrize(("definition", "path"), CASES, ids=[path for _, path in CASES])
def test_an_answer_is_what_heroku_publishes(root: Path, definition: str, path: str) -> None:
    value = ask(root, "GET", path).value
    objects = value if isinstance(value, list) else [value]
    assert objects
    check = validator(definition)
    for each in objects:
        errors = [f"{list(error.path)}: {error.message}" for error in check.iter_errors(each)]
        assert errors == []


def test_a_change_answers_with_formations(root: Path) -> None:
    updates = {"updates": [{"type": "worker", "quantity": 1}]}
    check = validator("formation")
    [batch] = ask(root, "PATCH", "/apps/shop/formation", updates).value
    single = ask(root, "PATCH", "/apps/shop/formation/worker", {"quantity": 1}).value
    assert check.is_valid(batch)
    assert check.is_valid(single)


def test_changes_answer_with_what_they_made(root: Path) -> None:
    made = [
        ("app", "PATCH", "/apps/shop", {"maintenance": False}),
        ("app-feature", "PATCH", "/apps/shop/features/preboot", {"enabled": False}),
        ("domain", "POST", "/apps/shop/domains", {"hostname": "gone.shop.test"}),
        ("domain", "DELETE", "/apps/shop/domains/gone.shop.test", None),
        ("log-drain", "POST", "/apps/shop/log-drains", {"url": "syslog://127.0.0.1:9"}),
        ("log-drain", "DELETE", "/apps/shop/log-drains/syslog%3A%2F%2F127.0.0.1%3A9", None),
        ("release", "POST", "/apps/shop/releases", {"release": "2"}),
    ]
    for definition, method, path, body in made:
        value = ask(root, method, path, body).value
        assert [error.message for error in validator(definition).iter_errors(value)] == []


def test_config_vars_are_names_and_texts(root: Path) -> None:
    check = Draft4Validator(json.loads(SCHEMA.read_text())["definitions"]["config-var"])
    for method, body in (("GET", None), ("PATCH", {"C": "3"})):
        vars = ask(root, method, "/apps/shop/config-vars", body).value
        assert all(isinstance(value, str) for value in vars.values())
        assert check.is_valid(vars)


def test_a_restart_answers_with_an_empty_object(root: Path) -> None:
    assert ask(root, "DELETE", "/apps/shop/dynos/worker.1").value == {}


def test_the_check_itself_can_fail(root: Path) -> None:
    dyno = ask(root, "GET", "/apps/shop/dynos/bad.1").value
    check = validator("dyno")
    without = {name: value for name, value in dyno.items() if name != "release"}
    for bad in ({**dyno, "more": 1}, without, {**dyno, "state": 1}, {**dyno, "release": {}}):
        assert not check.is_valid(bad)
