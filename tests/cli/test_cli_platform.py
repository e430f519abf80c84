"""`localku platform`: many apps side by side, found by their folders and by name."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running, wait_until

HELLO = (
    'web: exec python3 -c "import http.server as h, os; h.test(h.SimpleHTTPRequestHandler, '
    "h.ThreadingHTTPServer, port=int(os.environ['PORT']), bind='127.0.0.1')\"\n"
)


class Town:
    """A state folder, the folders of two apps, and the platforms that were started on them."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root)
        self.home = root / "home"
        self.env = {**self.folder.environ(), "LOCALKU_HOME": str(self.home)}
        for name in ("shop", "blog"):
            self.folder.write(f"{name}/Procfile", HELLO)
            self.folder.write(f"{name}/name.txt", name)

    def cli(self, *argv: str, cwd: str = ".") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [LOCALKU, *argv], cwd=self.folder.path / cwd, capture_output=True, text=True,
            timeout=PATIENCE, env=self.env,
        )  # fmt: skip

    def platform(self, *argv: str) -> Running:
        running = self.folder.run(
            "platform", "-p", "0", *argv, env={"LOCALKU_HOME": str(self.home)}
        )
        running.wait_for(r"heroku\[platform\]: Running ")
        return running

    def get(self, app: str, port: int) -> str:
        wish = urllib.request.Request(
            f"http://127.0.0.1:{port}/name.txt", headers={"Host": f"{app}.localhost:{port}"}
        )
        with urllib.request.urlopen(wish, timeout=PATIENCE) as answer:
            return str(answer.read().decode())


@pytest.fixture
def town(folder: Folder) -> Iterator[Town]:
    it = Town(folder.path)
    yield it
    for running in it.folder.started:
        running.destroy()
    it.cli("platform:stop")


def port_of(running: Running) -> int:
    return int(running.wait_for(r"http://APP\.localhost:(\d+)")[1])


def test_two_apps_side_by_side(town: Town) -> None:
    running = town.platform("--time-scale", "0.5")
    assert stat.S_IMODE(town.home.stat().st_mode) == 0o700
    done = town.cli("apps:create", "shop", "--root", "shop")
    assert done.stderr == "Creating ⬢ shop... done\n"
    assert done.stdout.startswith(f"http://shop.localhost:{port_of(running)}/ | ")
    assert town.cli("apps:create", "blog", "--root", "blog").returncode == 0
    for name in ("shop", "blog"):
        running.wait_for(rf"heroku\[{name}/web\.1\]: State changed from starting to up$")
        assert town.get(name, port_of(running)) == name
    running.wait_for(r"heroku\[blog/router\]: at=info method=GET path=\"/name\.txt\"")
    # the app is that of the folder, or the one that is named
    assert town.cli("config:set", "A=1", cwd="shop").returncode == 0
    assert town.cli("config", "-s", cwd="blog").stdout == ""
    assert town.cli("config", "-s", "-a", "shop", cwd="blog").stdout == "A=1\n"
    done = town.cli("ps")
    assert (done.returncode, done.stderr) == (
        1, "localku: which app? Here are blog, shop (name one with -a, or in LOCALKU_APP)\n",
    )  # fmt: skip
    assert "Couldn't find that app" in town.cli("ps", "-a", "nosuch").stderr
    assert town.cli("logs", "-n", "1500", "-s", "app", "-a", "blog").stdout.count("app[api]") > 0
    shown = town.cli("platform:status").stdout
    assert f"(pid {running.proc.pid})" in shown
    assert re.search(r"\n  blog   1 of 1 up   http://blog\.localhost", shown)
    # a second one on the same state
    for flags in ([], ["--detach"]):
        done = town.cli("platform", "-p", "0", *flags)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("localku: a platform runs on this state already (pid ")
        assert len(done.stderr.splitlines()) == 1
    done = town.cli("apps:destroy", "blog")
    assert (done.returncode, "--confirm blog" in done.stderr) == (2, True)
    assert town.cli("apps:destroy", "blog", "--confirm", "blog").returncode == 0
    assert town.cli("apps").stdout.endswith("\n\nshop\n")
    running.signal(signal.SIGINT)
    assert running.wait() == 130
    running.assert_nothing_left()


def test_apps_are_there_again_and_trouble_is_said(town: Town) -> None:
    first = town.platform()
    for name in ("shop", "blog"):
        assert town.cli("apps:create", name, "--root", name).returncode == 0
    town.cli("apps:create", "empty")
    town.cli("config:set", "A=1", "-a", "blog")
    first.signal(signal.SIGKILL)
    first.wait()
    first.assert_nothing_left()
    assert "no platform is running" in town.cli("platform:status").stderr
    os.rename(town.folder.path / "shop", town.folder.path / "moved")
    again = town.platform()
    again.wait_for(r"app\[shop/api\]: No code: .*there is no such folder: .*/shop$")
    again.wait_for(r"app\[shop/api\]: When that is mended: localku apps:source .*/shop -a shop$")
    again.wait_for(r"heroku\[blog/web\.1\]: State changed from starting to up$")
    assert town.cli("config", "-s", "-a", "blog").stdout == "A=1\n"
    assert town.cli("ps", "-a", "shop").stdout == "No dynos on ⬢ shop\n"
    done = town.cli("apps:source", "moved", "-a", "shop")
    assert (done.returncode, done.stderr.endswith(" done\n")) == (0, True)
    again.wait_for(r"heroku\[shop/web\.1\]: State changed from starting to up$")
    assert town.get("shop", port_of(again)) == "shop"


def test_detached_and_stopped(town: Town) -> None:
    done = town.cli("platform", "-p", "0", "--detach")
    assert (done.returncode, done.stderr) == (0, "")
    found = re.match(r"The platform runs \(pid (\d+)\): http://APP\.localhost:(\d+)\n", done.stdout)
    assert found is not None, done.stdout
    assert town.cli("apps:create", "shop", "--root", "shop").returncode == 0
    log = town.home / "platform.log"
    wait_until(lambda: "shop/web.1]: State changed from starting to up" in log.read_text(), "up")
    assert town.get("shop", int(found[2])) == "shop"
    done = town.cli("platform:stop")
    assert (done.returncode, done.stderr) == (
        0, f"Stopping the platform (pid {found[1]})... done\n",
    )  # fmt: skip
    assert town.cli("platform:stop").stderr == (
        "localku: no platform is running (start it with `localku platform`)\n"
    )
    assert town.cli("platform", "-p", "0", "--detach").returncode == 0
    assert "shop/web.1" in (town.home / "platform.log.1").read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_app_of_a_folder_comes_before_the_platform(town: Town) -> None:
    running = town.platform()
    town.cli("apps:create", "blog", "--root", "blog")
    own = Running(
        ["start", "-p", "0", "-m", "web=0"], town.folder.path / "shop", town.folder.mark,
        env=town.env,
    )  # fmt: skip
    town.folder.started.append(own)
    _ = own.port
    assert town.cli("apps", cwd="shop").stdout.endswith("\n\nshop\n")
    assert town.cli("ps", cwd="shop").stdout == "No dynos on ⬢ shop\n"
    running.wait_for(r"heroku\[blog/web\.1\]: State changed from starting to up$")
    assert "web.1: up" in town.cli("ps", "-a", "blog", cwd="shop").stdout
    # the one that can have several
    assert town.cli("apps:create", "more", cwd="shop").returncode == 0
    assert "more" in town.cli("apps").stdout


REFUSED = {
    "a word": (["web"], "platform takes no web"),
    "a formation": (["-m", "web=2"], "--formation: this is of one app"),
    "--watch": (["--watch"], "--watch: this does not work on a platform of many apps"),
    "a bad flag": (["--nosuch"], "--nosuch: no such flag"),
}


def test_what_is_refused(town: Town) -> None:
    for what, (argv, message) in REFUSED.items():
        done = town.cli("platform", *argv)
        assert (done.returncode, done.stdout) == (2, ""), what
        assert message in done.stderr, (what, done.stderr)
    assert "no platform" in town.cli("platform:stop").stderr
    assert "no platform" in town.cli("apps:create", "x", "--root", "shop").stderr


def test_an_app_that_cannot_be_made_is_not_half_there(town: Town) -> None:
    town.platform()
    town.folder.write("bad/Procfile", "no colon here\n")
    done = town.cli("apps:create", "bad", "--root", "bad")
    assert (done.returncode, "Procfile:1" in done.stderr) == (1, True), done.stderr
    town.folder.write("big/Procfile", "a: true\n")
    town.folder.write("big/.env", f"A={'x' * 70_000}\n")
    assert "more than 65536" in town.cli("apps:create", "big", "--root", "big").stderr
    assert "Name is invalid" in town.cli("apps:create", "Bad_Name").stderr
    assert town.cli("apps").stdout == "You have no apps.\n"
