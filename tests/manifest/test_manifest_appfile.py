"""localku.yml and app.json: what they may say, and one clear line for what they may not."""

from __future__ import annotations

import pytest

from localku.errors import UserError
from localku.manifest import appfile
from localku.manifest.appfile import AppFile, parse_json, parse_yaml
from localku.manifest.appname import checked, slug


def env(file: AppFile) -> dict[str, tuple[str | None, bool | None, bool, str]]:
    return {
        key: (wish.value, wish.required, wish.secret, wish.where) for key, wish in file.env.items()
    }


def test_a_whole_localku_yml() -> None:
    file = parse_yaml(
        """\
# comment
name: shop
port: 8000
procfile: [Procfile, Procfile.dev]
env_files: .env
pty: no
grace: 5s
formation: {web: 2, worker: 0}
env:
  PLAIN: text
  NUMBER: 1.10
  SWITCH: yes
  EMPTY: ""
  BLOCK: |
    one
    two
  SECRET: {generator: secret, description: signs cookies}
  NEEDED: {required: true}
types:
  web:
    memory: 512MB
    health: /up
    watch: ["*.py"]
""",
    )
    assert file.level.values == {
        "app": "shop",
        "port": 8000,
        "procfile": ["Procfile", "Procfile.dev"],
        "env": [".env"],
        "pty": False,
        "grace": 5.0,
        "formation": {"web": 2, "worker": 0},
    }
    assert file.level.types == {
        "web": {"memory": 512 << 20, "health": "/up", "watch_pattern": ["*.py"]}
    }
    assert file.level.places["grace"] == "localku.yml:7"
    assert file.level.places["web.health"] == "localku.yml:22"
    assert env(file) == {
        "PLAIN": ("text", None, False, "localku.yml:10"),
        "NUMBER": ("1.10", None, False, "localku.yml:11"),
        "SWITCH": ("yes", None, False, "localku.yml:12"),
        "EMPTY": ("", None, False, "localku.yml:13"),
        "BLOCK": ("one\ntwo\n", None, False, "localku.yml:14"),
        "SECRET": (None, None, True, "localku.yml:17"),
        "NEEDED": (None, True, False, "localku.yml:18"),
    }


def test_anchors_and_merges() -> None:
    file = parse_yaml(
        "types:\n  web: &usual {grace: 1, memory: 1GB}\n  worker: {<<: *usual, grace: 2}\n"
    )
    assert file.level.types["worker"] == {"grace": 2.0, "memory": 1 << 30}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert parse_yaml(text).level.values == {}


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        pytest.param(
            "a: [1\nb: 2",
            ["localku.yml:2:2: not valid yaml: expected ',' or ']', but got ':'"],
            id="syntax",
        ),
        pytest.param(
            "a:\n\t- b",
            ["localku.yml:2:1: not valid yaml: found character '\\t' that cannot start any token"],
            id="tab",
        ),
        pytest.param(
            "a: b\n---\nc: d",
            ["localku.yml:2:1: not valid yaml: but found another document"],
            id="two-documents",
        ),
        pytest.param(
            "a: 1\nb: \x07",
            ["localku.yml:2: not valid yaml: character U+0007 (remove it)"],
            id="control-character",
        ),
        pytest.param(
            "a: *b", ["localku.yml:1:4: not valid yaml: found undefined alias 'b'"], id="alias"
        ),
        pytest.param("a: &a [*a]", ["localku.yml:1: this value contains itself"], id="itself"),
        pytest.param(
            "a: !!python/object:os.system {}",
            ["localku.yml:1: the tag tag:yaml.org,2002:python/object:os.system means nothing here"],
            id="python-tag",
        ),
        pytest.param(
            "a: !ref x", ["localku.yml:1: the tag !ref means nothing here"], id="local-tag"
        ),
        pytest.param(
            "- a", ["localku.yml:1: localku.yml must be a mapping, not a list"], id="list"
        ),
        pytest.param("web", ["localku.yml:1: localku.yml must be a mapping, not text"], id="text"),
        pytest.param("[a]: b", ["localku.yml:1: a key must be a word"], id="key-is-a-list"),
        pytest.param(
            "port: 1\nport: 2", ["localku.yml:2: port is given twice"], id="key-given-twice"
        ),
        pytest.param(
            "\ngrase: 5", ["localku.yml:2: unknown key grase (did you mean grace?)"], id="unknown"
        ),
        pytest.param(
            "grace: 5x\npty: perhaps\nport: web",
            [
                "localku.yml:1: grace: '5x' is not a duration (write 30, 30s, 500ms, 1.5m or 1h)",
                "localku.yml:2: pty: 'perhaps' is neither yes nor no (write true or false)",
                "localku.yml:3: port: 'web' is not a port"
                " (write a number from 1 to 65535, or 0 for any free port)",
            ],
            id="all-at-once",
        ),
        pytest.param(
            "grace: [1]", ["localku.yml:1: grace must be one value, not a list"], id="list-as-value"
        ),
        pytest.param("grace:", ["localku.yml:1: grace must be one value, not nothing"], id="null"),
        pytest.param(
            "watch: [{a: b}]", ["localku.yml:1: watch must be one value, not a mapping"], id="watch"
        ),
        pytest.param(
            "types: {web: {grase: 1}}",
            [
                "localku.yml:1: unknown key grase for process type web (did you mean grace?"
                " known keys: memory, dyno_cpu, health, health_timeout, boot_timeout, grace, watch)"
            ],
            id="unknown-key-of-a-type",
        ),
        pytest.param(
            "types:\n  web: 5\n  a.b: {}",
            [
                "localku.yml:2: web must be a mapping, not text",
                "localku.yml:3: 'a.b' cannot name a process type",
            ],
            id="bad-types",
        ),
        pytest.param(
            "types:\n  web:\n    memory: much",
            ["localku.yml:3: web.memory: 'much' is not an amount of memory (write 512MB or 1GB)"],
            id="bad-value-of-a-type",
        ),
        pytest.param(
            "formation: {web: many}",
            [
                "localku.yml:1: web=many: 'many' is not a number"
                " (write a whole number, such as web=1)"
            ],
            id="formation",
        ),
        pytest.param(
            "name: My Shop",
            [
                "localku.yml:1: 'My Shop' cannot name an app"
                " (small letters, digits and dashes, at most 30: my-shop)"
            ],
            id="name",
        ),
        pytest.param(
            "env:\n  PORT: 5000",
            ["localku.yml:2: PORT is set for each dyno (write port: for the router's)"],
            id="port-in-env",
        ),
        pytest.param(
            "env:\n  A-B: s3cret\n  C: [s3cret]\n  D:",
            [
                "localku.yml:2: 'A-B' cannot name a config var"
                " (use letters, digits and _, with no digit first)",
                'localku.yml:3: env.C must be text, not a list (write "" for an empty value)',
                'localku.yml:4: env.D must be text, not nothing (write "" for an empty value)',
            ],
            id="env",
        ),
        pytest.param(
            "env: {A: {valeu: 1}, B: {generator: uuid}, C: {required: x}}",
            [
                "localku.yml:1: unknown key valeu for A (did you mean value?"
                " known keys: value, required, generator, description)",
                "localku.yml:1: env.B.generator: 'uuid' is unknown"
                " (Heroku has one generator: secret)",
                "localku.yml:1: env.C.required is neither yes nor no (write true or false)",
            ],
            id="env-wishes",
        ),
    ],
)
def test_bad_yaml(text: str, messages: list[str]) -> None:
    with pytest.raises(UserError) as caught:
        parse_yaml(text)
    assert str(caught.value).splitlines() == messages


def test_a_heroku_app_json() -> None:
    file = parse_json(
        """{
  "name": "Node.js: Getting Started",
  "description": "left to Heroku",
  "keywords": ["x"],
  "addons": [{"plan": "heroku-postgresql"}],
  "env": {
    "A": "a",
    "N": 5,
    "B": {"description": "no value"},
    "C": {"value": "c", "required": false},
    "D": {"generator": "secret"},
    "PORT": "1"
  },
  "formation": {"web": {"quantity": 2, "size": "standard-1x"}, "worker": {"size": "eco"}}
}"""
    )
    assert file.level.values == {
        "app": "node-js-getting-started",
        "formation": {"web": 2, "worker": 1},
    }
    assert env(file) == {
        "A": ("a", None, False, "app.json"),
        "N": ("5", None, False, "app.json"),
        "B": (None, None, False, "app.json"),
        "C": ("c", False, False, "app.json"),
        "D": (None, None, True, "app.json"),
        "PORT": ("1", None, False, "app.json"),
    }


def test_the_old_form_of_a_formation() -> None:
    text = '{"formation": [{"process": "web", "quantity": 3, "size": "eco"}, {"process": "z"}]}'
    assert parse_json(text).level.values["formation"] == {"web": 3, "z": 1}


@pytest.mark.parametrize("text", ['{"expo": {"name": 5}}', '{"displayName": "x"}', "{}"])
def test_an_app_json_of_another_program_is_left_alone(text: str) -> None:
    file = parse_json(text)
    assert (file.level.values, file.env) == ({}, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{\n  "a": 1 2\n}', "app.json:2:10: not valid JSON: Expecting ',' delimiter"),
        ("[1]", "app.json: app.json must be a mapping, not a list"),
        ("[" * 100_000, "app.json: nested too deeply"),
        ('{"name": ["x"]}', "app.json: name must be one value, not a list"),
        ('{"env": "x"}', "app.json: env must be a mapping, not text"),
        ('{"formation": [1]}', "app.json: formation: not a formation (write {web: 2})"),
    ],
)  # fmt: skip
def test_bad_json(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_json(text)
    assert str(caught.value) == message


def test_a_yaml_bomb_is_no_bomb() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    with pytest.raises(UserError, match="unknown key a0"):
        appfile.parse_yaml("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop", "shop"),
        ("My App_2", "my-app-2"),
        ("42", "app-42"),
        ("", "app"),
        ("Éé", "app"),
        ("--a--b--", "a-b"),
        ("a" * 40, "a" * 30),
        ("a" * 29 + "-b", "a" * 29),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert slug(text) == expected
    assert checked(slug(text), "--app") == expected
