"""`localku env` and `localku heroku`: the variables in each shell's language, and who gets them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running
from hypothesis import given, settings
from hypothesis import strategies as st

from localku.cli import surroundings

KEY = "0123456789abcdef" * 4


# -- pure ----------------------------------------------------------------------------------------


def test_all_that_the_cli_has_to_know() -> None:
    found = surroundings.variables(5007, KEY)
    assert found["HEROKU_HOST"] == "http://127.0.0.1:5007"
    assert found["HEROKU_API_KEY"] == KEY
    assert found["DISABLE_TELEMETRY"] == "true"  # or the key is sent to another host
    assert "HEROKU_APP" not in found
    assert not {"NODE_EXTRA_CA_CERTS", "GIT_CONFIG_COUNT"} & set(found)
    hosts = {value for name, value in found.items() if name.endswith(("_URL", "_HOST"))}
    assert hosts == {"http://127.0.0.1:5007", "127.0.0.1"}


def test_a_ca_is_told_to_node_and_to_git() -> None:
    found = surroundings.variables(5007, KEY, "shop", "/home/me/ca.pem")
    assert found["HEROKU_APP"] == "shop"
    assert found["NODE_EXTRA_CA_CERTS"] == found["GIT_CONFIG_VALUE_0"] == "/home/me/ca.pem"
    assert found["GIT_CONFIG_KEY_0"] == "http.https://127.0.0.1:5007/.sslCAInfo"


SHELLS = {"/usr/bin/fish": "fish", "fish": "fish", "/bin/bash": "sh", "/bin/zsh": "sh", "": "sh"}


@pytest.mark.parametrize(("path", "shell"), SHELLS.items(), ids=SHELLS)
def test_the_shell_is_told_by_its_path(path: str, shell: str) -> None:
    assert surroundings.shell_of(path) == shell


WORDS = st.text(st.characters(min_codepoint=1, max_codepoint=0x24F), max_size=20)


def evaluated(shell: str, value: str) -> str:
    """What a shell makes of it."""
    lines = surroundings.script({"A": value}, shell)
    script = "\n".join([*lines, 'printf "%s." "$A"'])
    done = subprocess.run([shell, "-c", script], capture_output=True, timeout=PATIENCE)
    return done.stdout.decode("utf-8", "surrogateescape")[:-1]


@settings(max_examples=20, deadline=None)
@given(WORDS)
def test_every_value_survives_a_posix_shell(value: str) -> None:
    assert evaluated("sh", value) == value


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
@pytest.mark.parametrize("value", ["a b", "it's", "\\", "\\'", "$HOME", '"', "a\nb", "*"])
def test_every_value_survives_fish(value: str) -> None:
    assert evaluated("fish", value) == value


def test_the_language_of_fish() -> None:
    assert surroundings.script({"A": "it's a \\"}, "fish") == ["set -gx A 'it\\'s a \\\\';"]


# -- the commands --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("env") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", "web: exec sleep 600\n")
    running = folder.start()
    _ = running.port
    yield running
    running.destroy()


def cli(cwd: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    outer = {key: value for key, value in os.environ.items() if not key.startswith("HEROKU_")}
    outer.pop("LOCALKU_ROOT", None)
    return subprocess.run(
        [LOCALKU, *argv],
        cwd=cwd,
        env={**outer, **env},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_eval_sets_them(shop: Running) -> None:
    script = f'eval "$({LOCALKU} env)"; echo "$HEROKU_HOST $HEROKU_APP"; env | grep -c HEROKU_API'
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=shop.cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "SHELL": "/bin/sh"},
    )
    port = json.loads(cli(shop.cwd, "env", "--json").stdout)["HEROKU_HOST"].rpartition(":")[2]
    assert done.stdout == f"http://127.0.0.1:{port} shop\n1\n"
    assert done.stderr == ""


def test_the_shell_chooses_the_language(shop: Running) -> None:
    assert cli(shop.cwd, "env", SHELL="/bin/zsh").stdout.startswith("export HEROKU_HOST=http")
    assert cli(shop.cwd, "env", SHELL="/bin/fish").stdout.startswith("set -gx HEROKU_HOST 'http")
    assert cli(shop.cwd, "env", "--shell", "fish").stdout.startswith("set -gx ")
    assert cli(shop.cwd, "env", "--shell", "csh").returncode == 2


def test_the_key_can_be_left_out(shop: Running) -> None:
    key = json.loads(cli(shop.cwd, "env", "--json").stdout)["HEROKU_API_KEY"]
    assert key == (shop.cwd / ".localku" / "api-key").read_text().strip()
    assert key not in cli(shop.cwd, "env", "--no-key").stdout
    assert "HEROKU_API_KEY" not in json.loads(cli(shop.cwd, "env", "--json", "--no-key").stdout)


def test_without_a_platform_it_says_so(tmp_path: Path) -> None:
    for argv in (["env"], ["heroku", "ps"]):
        done = cli(tmp_path, *argv)
        assert (done.returncode, done.stdout) == (1, "")
        assert "no app of this folder is running" in done.stderr


FAKE = """\
#!/bin/sh
echo "$0|$*|$HEROKU_HOST|$HEROKU_APP"
tr '\\0' ' ' < /proc/$$/cmdline 2>/dev/null | grep -c "$HEROKU_API_KEY"
[ -n "$HEROKU_API_KEY" ] && echo keyed
exit 7
"""


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "heroku"
    path.parent.mkdir()
    path.write_text(FAKE)
    path.chmod(0o755)
    return path


def test_heroku_is_found_and_gets_everything_as_it_is(shop: Running, fake: Path) -> None:
    env = {"PATH": f"{fake.parent}:{os.environ['PATH']}"}
    done = cli(shop.cwd, "heroku", "ps", "-h", "--", "a  b", "--root", "x", **env)
    assert done.returncode == 7
    first, in_argv, keyed = done.stdout.splitlines()
    assert "|ps -h -- a  b --root x|http://127.0.0.1:" in first
    assert first.endswith("|shop")
    assert (in_argv, keyed) == ("0", "keyed")


def test_another_heroku_can_be_named(shop: Running, fake: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    fake.rename(other)
    assert cli(shop.cwd, "heroku", "apps", HEROKU_CLI=str(other)).returncode == 7


def test_to_log_in_it_gets_no_key(shop: Running, fake: Path) -> None:
    for word in ("login", "auth:login"):
        done = cli(shop.cwd, "heroku", word, HEROKU_CLI=str(fake), HEROKU_API_KEY="x")
        assert "keyed" not in done.stdout


def test_the_platform_is_found_from_another_folder(
    shop: Running, fake: Path, tmp_path: Path
) -> None:
    env = {"HEROKU_CLI": str(fake), "LOCALKU_ROOT": str(shop.cwd)}
    assert cli(tmp_path, "heroku", "ps", **env).returncode == 7


def test_an_app_that_was_named_is_kept(shop: Running, fake: Path) -> None:
    done = cli(shop.cwd, "heroku", "ps", HEROKU_CLI=str(fake), HEROKU_APP="other")
    assert done.stdout.splitlines()[0].endswith("|other")


def test_without_a_heroku_it_says_where_to_get_it(shop: Running, tmp_path: Path) -> None:
    done = cli(shop.cwd, "heroku", "ps", PATH=str(tmp_path))
    assert done.returncode == 127
    assert done.stderr.startswith("localku: heroku: command not found (install it: npm install")
    plain = tmp_path / "plain"
    plain.write_text("x")
    done = cli(shop.cwd, "heroku", "ps", HEROKU_CLI=str(plain))
    assert done.returncode == 127
    assert f"{plain}: cannot run it: Permission denied" in done.stderr
