"""Releases, rollback, features, domains, sizes and `open` of a running app, for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running

from localku.cli.completion import topics
from localku.cli.entry import COMMANDS


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("releases") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", "web: exec sleep 600\nworker: exec sleep 600\n")
    running = folder.start("-m", "web=0")
    _ = running.port
    yield running
    running.destroy()


def out(shop: Running, *argv: str) -> str:
    done = shop.cli(*argv)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_releases_and_back(shop: Running) -> None:
    shop.cli("config:set", "A=1", "B=x y")
    shop.cli("config:unset", "A")
    lines = out(shop, "releases").splitlines()
    assert lines[0] == "=== ⬢ shop Releases - Current: v4"
    assert [line.split("you@")[0].split(None, 1) for line in lines[4:6]] == [
        ["v4", "Remove A config vars   "],
        ["v3", "Set A, B config vars   "],
    ]
    assert "the live folder" in shop.cli("releases").stderr
    assert len(out(shop, "releases", "-n", "1").splitlines()) == 5
    listed = json.loads(out(shop, "releases", "--json"))
    assert [each["version"] for each in listed] == [4, 3, 2, 1]
    assert out(shop, "releases:info", "v3").endswith("=== v3 Config vars\n\nA: 1\nB: x y\n")
    assert "Eligible for Rollback?: Yes\n" in out(shop, "releases", "info")
    assert "Eligible for Rollback?: No\n" in out(shop, "releases:info", "v1")  # it has no code
    assert out(shop, "releases:info", "3", "-s").endswith("A=1\nB='x y'\n")
    done = shop.cli("releases:output")
    assert done.stderr == " ›   Warning: Release v4 has no release output available.\n"
    done = shop.cli("rollback")
    assert done.returncode == 0
    assert done.stderr.startswith("Rolling back ⬢ shop to v3... done, v5\n ›   Warning: ")
    assert done.stderr.endswith("To undo, run: localku rollback v4\n")
    assert out(shop, "config", "-s") == "A=1\nB='x y'\n"
    done = shop.cli("rollback", "v99")
    assert (done.returncode, done.stderr) == (1, "localku: Couldn't find that release\n")
    assert "is the current release" in shop.cli("releases:rollback", "v5").stderr


def test_features(shop: Running) -> None:
    assert out(shop, "features").splitlines()[:2] == ["=== App Features ⬢ shop", ""]
    done = shop.cli("features:enable", "preboot")
    assert done.stderr == "Enabling preboot for ⬢ shop... done\n"
    assert "\n[+] preboot  " in out(shop, "features")
    assert "\nEnabled:     true\n" in out(shop, "features:info", "preboot")
    done = shop.cli("features:enable", "preboot")
    assert (done.returncode, done.stderr) == (1, "localku: preboot is already enabled.\n")
    shop.cli("features", "disable", "preboot")
    assert "[ ] preboot" in out(shop, "features")
    assert "runtime-dyno-metadata" in out(shop, "labs")
    assert shop.cli("features:enable", "nosuch").returncode == 1
    assert shop.cli("features:enable").returncode == 2


def test_domains(shop: Running) -> None:
    done = shop.cli("domains:add", "www.shop.test")
    assert done.stderr == "Adding www.shop.test to ⬢ shop... done\n"
    assert "/etc/hosts" in done.stdout
    shown = out(shop, "domains")
    assert shown.startswith("=== ⬢ shop Heroku Domain\n\nshop.localhost\n")
    assert "\n  www.shop.test   CNAME             shop.localhost\n" in shown
    assert shop.cli("domains:add", "no domain").returncode == 1
    assert shop.cli("domains:remove", "nosuch.test").returncode == 1
    shop.cli("domains:add", "two.shop.test")
    shop.cli("domains:remove", "www.shop.test")
    assert "www.shop" not in out(shop, "domains")
    assert shop.cli("domains:clear").stderr == "Removing all domains from ⬢ shop... done\n"
    assert "Custom" not in out(shop, "domains")


def test_sizes(shop: Running) -> None:
    done = shop.cli("ps:type", "worker=standard-2x")
    assert done.stderr == "Scaling dynos on ⬢ shop... done\n"
    assert "\n  worker   Standard-2X   1     ~$0.069     $50\n" in done.stdout
    assert "No such dyno size" in shop.cli("ps:type", "huge").stderr


def test_who_and_where(shop: Running) -> None:
    assert out(shop, "whoami") == "you@localhost\n"
    url = f"http://shop.localhost:{shop.port}/a?b=1"
    assert out(shop, "open", "/a?b=1", "-p") == f"{url}\n"
    done = subprocess.run(
        [LOCALKU, "open", "a?b=1"], cwd=shop.cwd, capture_output=True, text=True,
        timeout=PATIENCE, env={**os.environ, "BROWSER": "echo"},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{url}\n", f"Opening {url}\n")
    info = out(shop, "apps:info")
    assert f"\nRoot:        {shop.cwd}\n" in info
    assert out(shop, "apps") == "=== you@localhost Apps\n\nshop\n"


def test_a_renamed_app_is_found(folder: Folder) -> None:
    folder.write("Procfile", "worker: exec sleep 600\n")
    running = folder.start()
    _ = running.port
    assert "http://store.localhost" in out(running, "apps:rename", "store")
    assert "worker.1" in out(running, "ps")
    assert running.cli("apps:create", "more").stderr.splitlines()[-1].startswith("localku: `loca")


def complete(shop: Running, line: str) -> list[str]:
    """What bash would offer at the end of that line."""
    path = f"PATH={os.path.dirname(LOCALKU)}:$PATH"
    script = (
        f'{path}; eval "$(localku completion bash)"; COMP_LINE="$1"; COMP_POINT=${{#1}};'
        ' COMP_WORDBREAKS=" :="; _localku; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script, "-", line], cwd=shop.cwd, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip
    assert done.stderr == ""
    return sorted(done.stdout.split())


COMPLETED = {
    "localku rele": ["releases", "releases:info", "releases:output"],
    "localku releases:": ["info", "output"],
    "localku ps:scale w": ["web", "worker"],
    "localku ps:stop wo": ["worker.1"],
    "localku ps sc": ["scale"],
    "localku logs -d ": ["worker.1"],
    "localku logs -a ": ["shop"],
    "localku features:enable pre": ["preboot"],
    "localku nosuch x": [],
}


@pytest.mark.parametrize(("line", "words"), COMPLETED.items())
def test_completion_in_bash(shop: Running, line: str, words: list[str]) -> None:
    assert complete(shop, line) == words


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_completed(shell: str) -> None:
    done = subprocess.run(
        [LOCALKU, "completion", shell], capture_output=True, text=True, timeout=PATIENCE
    )
    assert all(re.search(rf"[ ']{re.escape(name)}[ ']", done.stdout) for name in COMMANDS)
    assert topics()["ps"][:2] == ["scale", "restart"]


def test_completion_without_a_platform(folder: Folder) -> None:
    done = subprocess.run(
        [LOCALKU, "completion", "--words", "apps"], cwd=folder.path, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert folder.fails("completion", "tcsh")[0] == 2
