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
    """A strict validator for one object. Heroku's hosts are not ours: no pattern for URLs."""
    root = json.loads(SCHEMA.read_text())
    definitions = copy.deepcopy(root["definitions"])
    for name in ("git_url", "web_url"):
        definitions["app"]["definitions"][name].pop("pattern")
    _make_strict(definitions[definition])
    schema = {"$ref": f"#/definitions/{definition}", "definitions": definitions}
    return Draft4Validator(schema, format_checker=FormatChecker())


def _make_strict(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("strictProperties") and "properties" in schema:
            schema["additionalProperties"] = False
            schema["required"] = sorted(schema["properties"])
        for value in schema.values():
            _make_strict(value)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("schema") / "shop"
    path.mkdir()
    folder = Folder(path)
    folder.write("Procfile", TWO_TYPES + "bad: exit 1\n")
    running = folder.start("--backoff-first", "300", "--backoff-max", "300")
    running.wait_for(r"heroku\[bad\.1\]: Process exited with status 1$", count=2)
    yield path
    running.destroy()


CASES = [
    ("app", "/apps"),
    ("app", "/apps/shop"),
    ("formation", "/apps/shop/formation"),
    ("formation", "/apps/shop/formation/web"),
    ("dyno", "/apps/shop/dynos"),
    ("dyno", "/apps/shop/dynos/bad.1"),
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


def test_a_restart_answers_with_an_empty_object(root: Path) -> None:
    assert ask(root, "DELETE", "/apps/shop/dynos/worker.1").value == {}


def test_the_check_itself_can_fail(root: Path) -> None:
    dyno = ask(root, "GET", "/apps/shop/dynos/bad.1").value
    check = validator("dyno")
    without = {name: value for name, value in dyno.items() if name != "release"}
    for bad in ({**dyno, "more": 1}, without, {**dyno, "state": 1}, {**dyno, "release": {}}):
        assert not check.is_valid(bad)
