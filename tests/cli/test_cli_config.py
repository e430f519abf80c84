"""`localku config` and its kin: what they print, what they change, and the talk's lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Folder, Running
from shell_kit import client_of, put, shell
from test_cli_quoting import NASTY

from localku.cli.client import as_object
from localku.manifest import envfile


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("config") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", "worker: exec sleep 600\n")
    it = folder.start("-m", "worker=0")
    _ = it.port
    yield it
    it.destroy()


@pytest.fixture
def shop(running: Running) -> Running:
    """An app without config vars."""
    put(running, dict.fromkeys(config(running)))
    return running


def config(shop: Running) -> dict[str, str]:
    client = client_of(shop)
    return as_object(client.get(client.at("config-vars")))


NAMED = {f"K{number}": value for number, value in enumerate(NASTY.values())}


def test_config_is_set_shown_and_removed(shop: Running) -> None:
    done = shop.cli("config:set", "A=1", "LONG_ONE=two words", "EMPTY=")
    assert (done.returncode, done.stdout) == (0, "A:        1\nLONG_ONE: two words\n")
    said = r"Setting A, LONG_ONE, EMPTY and restarting ⬢ shop\.\.\. done, v(\d+)\n"
    version = re.fullmatch(said, done.stderr)
    assert version is not None, done.stderr
    shop.wait_for(r"app\[api\]: Set A, EMPTY, LONG_ONE config vars by user you@localhost$")
    assert shop.cli("config").stdout == (
        "=== ⬢ shop Config Vars\n\nA:        1\nEMPTY:\nLONG_ONE: two words\n"
    )
    assert shop.cli("config", "-s").stdout == "A=1\nEMPTY=\nLONG_ONE='two words'\n"
    assert shop.cli("config:get", "LONG_ONE").stdout == "two words\n"
    assert shop.cli("config", "get", "LONG_ONE", "-s").stdout == "LONG_ONE='two words'\n"
    assert shop.cli("config:get", "NOSUCH").stdout == "\n"
    done = shop.cli("config:unset", "A", "EMPTY")
    assert done.stderr == (
        f"Unsetting A, EMPTY and restarting ⬢ shop... done, v{int(version[1]) + 1}\n"
    )
    assert json.loads(shop.cli("config", "--json").stdout) == {"LONG_ONE": "two words"}
    shop.cli("config:unset", "LONG_ONE")
    assert shop.cli("config").stdout == "⬢ shop has no config vars.\n"


REFUSED = {
    "no value": (["config:set", "A"], 1, "A is invalid. Must be in the format FOO=bar."),
    "half of it": (["config:set", "A=1", "B"], 1, "B is invalid."),
    "a bad name": (["config:set", "A-B=1"], 1, "'A-B' is not a valid config var name"),
    "nothing": (["config:set"], 2, "Usage: localku config:set KEY1=VALUE1"),
    "nothing to remove": (["config:unset"], 2, "Usage: localku config:unset KEY1"),
    "its own": (["config:set", "PORT=1"], 1, "PORT is set for each dyno"),
}


def test_what_is_refused_changes_nothing(shop: Running) -> None:
    for what, (argv, status, message) in REFUSED.items():
        done = shop.cli(*argv)
        assert (done.returncode, done.stdout) == (status, ""), (what, done)
        assert message in done.stderr, (what, done.stderr)
        assert "Traceback" not in done.stderr
    assert config(shop) == {}


@pytest.mark.parametrize("name", ["bash", "dash"])
def test_config_set_from_config_s(shop: Running, name: str) -> None:
    """The talk: `localku config:set $(localku config -s)`, for values that need quotes, too."""
    values = {**NAMED, "BLANKS": "a  b"}
    put(shop, values)
    done = shell(shop.cwd, "set -f; localku config:set $(localku config -s)", name)
    assert done.returncode == 0, done.stderr
    # of blanks in a row one is left: all that the shell took away
    assert config(shop) == {**values, "BLANKS": "a b"}
    assert "put together again" in done.stderr


def test_config_set_takes_values_as_they_are(shop: Running) -> None:
    shop.cli("config:set", *(f"{key}={value}" for key, value in NAMED.items()))
    assert config(shop) == NAMED


def test_config_set_of_what_only_looks_quoted(shop: Running) -> None:
    shop.cli("config:set", 'A="hello"', "B='two words'")
    assert config(shop) == {"A": '"hello"', "B": "two words"}
    shop.cli("config:set", "--literal", "B='two words'")
    assert config(shop)["B"] == "'two words'"


def test_a_piece_of_a_value_that_looks_like_a_flag(shop: Running) -> None:
    shop.cli("config:set", "A='ls", "-a", "--root", "/x'", "B=1")
    assert config(shop) == {"A": "ls -a --root /x", "B": "1"}


def test_an_env_file_from_config_s(shop: Running, tmp_path: Path) -> None:
    """The talk: `localku config -s > .env`; our own reader gives the same values back."""
    put(shop, NAMED)
    assert shell(shop.cwd, f"localku config -s > {tmp_path}/.env").returncode == 0
    assert envfile.load([str(tmp_path / ".env")], {}).values == NAMED


def test_export_of_an_env_file(shop: Running) -> None:
    """The talk: `localku config -s > .env && export $(cat .env)`: what needs no quotes arrives."""
    put(shop, {"A": "1", "PATH_LIKE": "/a/b-c.d+e%20"})
    script = "localku config -s > .env && export $(cat .env) && echo $A $PATH_LIKE"
    assert shell(shop.cwd, script).stdout == "1 /a/b-c.d+e%20\n"


@pytest.mark.parametrize("name", ["bash", "dash"])
def test_a_shell_takes_the_exported_values(shop: Running, name: str) -> None:
    put(shop, NAMED)
    python = "python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = shell(shop.cwd, f'eval "$(localku config --export)"; {python}', name)
    found = json.loads(done.stdout)
    assert {key: found.get(key) for key in NAMED} == NAMED
    plain = {key: value for key, value in NAMED.items() if not set("\r\n") & set(value)}
    done = shell(shop.cwd, f'set -a; eval "$(localku config -s)"; {python}', name)
    found = json.loads(done.stdout)
    assert {key: found.get(key) for key in plain} == plain


def test_a_value_for_another_program(shop: Running) -> None:
    """The talk: `psql $(localku config:get DATABASE_URL)`."""
    url = "postgres://u:p@127.0.0.1:5432/db?sslmode=require"
    put(shop, {"DATABASE_URL": url})
    done = shell(shop.cwd, "printf '<%s>' $(localku config:get DATABASE_URL)")
    assert done.stdout == f"<{url}>"


EDIT = {
    "a change": ("A='two words'\nB=2\n", {"A": "two words", "B": "2"}, "+ A='two words'"),
    "a removal": ("# only A\nA='one words'\n", {"A": "one words"}, "- B=2"),
    "two lines": ('A=1\nB="x\\ny"\n', {"A": "1", "B": "x\ny"}, '+ B="x\\ny"'),
}


@pytest.mark.parametrize(("text", "after", "shown"), EDIT.values(), ids=EDIT)
def test_config_edit(
    shop: Running, tmp_path: Path, text: str, after: dict[str, str], shown: str
) -> None:
    put(shop, {"A": "one words", "B": "2"})
    (tmp_path / "edited").write_text(text)
    done = shell(shop.cwd, "localku config:edit", VISUAL=f"cp {tmp_path}/edited")
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    assert "Updating config on ⬢ shop and restarting... done, v" in done.stderr
    assert config(shop) == after


NO_EDIT = {
    "nothing changed": ("true", 0, "No changes to config"),
    "a bad line": ("sed -i 's/^B=2/B=x y/'", 1, "line 2: Invalid token"),
    "an editor that fails": ("false", 1, "false ended with status 1: nothing is changed"),
    "no such editor": ("/no/such/editor", 1, "cannot run /no/such/editor"),
}


def test_config_edit_that_changes_nothing(shop: Running) -> None:
    put(shop, {"A": "one words", "B": "2"})
    for what, (editor, status, said) in NO_EDIT.items():
        done = shell(shop.cwd, "localku config:edit", VISUAL=editor)
        assert (done.returncode, said in done.stderr) == (status, True), (what, done)
    assert config(shop) == {"A": "one words", "B": "2"}


def test_config_edit_of_one(shop: Running) -> None:
    put(shop, {"A": "one words", "B": "2"})
    shell(shop.cwd, "localku config:edit A", EDITOR="sed -i s/one/more/", VISUAL="")
    assert config(shop) == {"A": "more words", "B": "2"}
