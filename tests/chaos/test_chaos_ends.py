"""However a fault ends, all of it is undone, and who watches is told the truth."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from chaos_kit import TIMES, WORKER, Echo, server
from conftest import LOCALKU, Folder, Running, wait_until

from localku.chaos import chaos as faults_of
from localku.chaos.chaos import Chaos
from localku.chaos.deed import Deed
from localku.chaos.faults import read
from localku.cli import chaos as command
from localku.cli import client as clients
from localku.errors import UserError
from localku.manifest import manifest as manifests
from localku.platform.app import App
from localku.platform.hosting import Hosting, folder_state
from localku.platform.plan import Surroundings
from localku.platform.store import Store
from localku.platform.telemetry import Telemetry


class Stubborn(Deed):
    """Its undo fails; that of the next one does not."""

    undone: list[str] = []  # noqa: RUF012

    def check(self) -> None:
        pass

    async def run(self) -> None:
        await asyncio.Event().wait()

    def clashes(self, other: Deed) -> bool:
        return False

    def undo(self, *, ending: bool = False) -> None:
        self.undone.append(f"{ending}")
        if len(self.undone) == 1:
            raise RuntimeError("stubborn")


@pytest.fixture
def hosting(tmp_path: Path) -> Iterator[Hosting]:
    (tmp_path / "Procfile").write_text("worker: b\n")
    manifest = manifests.load({"root": str(tmp_path), "app": "shop"}, {})
    store = Store(str(tmp_path / "state.db"))
    around = Surroundings({}, 5006, pty=False)
    hosting = Hosting(
        *(manifest.settings, store, around),
        only=True,
        read=lambda root: manifest,
        watch=lambda app: None,
    )
    hosting.add(folder_state(store, manifest), manifest)
    yield hosting
    store.close()


def begun(hosting: Hosting) -> tuple[Chaos, App]:
    return Chaos(hosting, Telemetry.__new__(Telemetry)), hosting.apps["shop"]


@pytest.mark.parametrize("ends", ["the platform", "the app"])
def test_an_undo_that_fails_keeps_no_other_from_being_undone(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    monkeypatch.setitem(faults_of.DEEDS, "freeze", Stubborn)
    monkeypatch.setattr(Stubborn, "undone", [])
    said: list[str] = []

    async def go() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: said.append(str(context["exception"])))
        chaos, app = begun(hosting)
        found = [chaos.begin(app, read({"fault": "freeze"})) for _ in range(3)]
        await asyncio.sleep(0)
        if ends == "the app":
            chaos.forget(app)
        else:
            hosting.let_go()
        assert [fault.on for fault in found] == [False] * 3
        assert [fault.failed for fault in found] == ["RuntimeError", "", ""]

    asyncio.run(go())
    assert (Stubborn.undone, said) == (["True"] * 3, ["stubborn"])


def test_no_fault_begins_while_the_platform_ends(
    hosting: Hosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(faults_of.DEEDS, "freeze", Stubborn)

    async def go() -> None:
        chaos, app = begun(hosting)
        hosting.let_go()
        with pytest.raises(UserError, match="the platform is ending"):
            chaos.begin(app, read({"fault": "freeze"}))

    asyncio.run(go())


# -- who watches -----------------------------------------------------------------------------------

FAULT = {
    "id": "kill-3",
    "app": {"id": "an-id", "name": "shop"},
    "about": "web",
    "text": "SIGKILL to a dyno",
    "for": 9,
    "every": 3,
    "seed": 1,
    "hint": "",
    "state": "on",
    "done": [],
    "count": 0,
    "lasts": False,
    "ends_at": "2026-01-01T00:00:07Z",
}


def test_who_watches_is_told_that_the_platform_has_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = clients.Client(str(tmp_path / "none"), "shop")
    assert command.stay(nobody, FAULT, as_json=False) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "The platform has ended, and with it the fault: all is undone."


def test_who_watches_is_told_that_not_all_is_undone(capsys: pytest.CaptureFixture[str]) -> None:
    over = {**FAULT, "state": "over", "lasts": True, "failed": "OSError"}
    command.stay(clients.Client("none", "shop"), over, as_json=False)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "It is over, but not all could be undone (OSError): restart the dynos."


def test_who_watches_is_told_that_the_fault_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "TIMEOUT", 0.05)
    path = os.path.relpath(tmp_path / "s")  # short enough for a socket
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(path)
        busy.listen()
        with pytest.raises(UserError) as caught:
            command.stay(clients.Client(path, "shop"), FAULT, as_json=False)
    assert re.search(r"does not answer; kill-3 goes on until \d\d:\d\d:07", str(caught.value))
    assert "`localku chaos:stop kill-3` ends it" in str(caught.value)


class Town:
    """`localku platform` with one app of one worker, whose database goes away."""

    def __init__(self, folder: Folder, database: int) -> None:
        self.folder = folder
        folder.write("shop/worker.py", WORKER)
        folder.write("shop/Procfile", "worker: exec python3 worker.py\n")
        folder.write("shop/localku.yml", TIMES)
        folder.write("shop/.env", f"DATABASE_URL=postgres://me@127.0.0.1:{database}/shop\n")
        self.home = {"LOCALKU_HOME": str(folder.path / "home")}
        self.running = folder.run("platform", "-p", "0", env=self.home)
        self.running.wait_for(r"heroku\[platform\]: Running ")

    def cli(self, *argv: str) -> str:
        return subprocess.run(
            [LOCALKU, *argv], cwd=self.folder.path / "shop", check=True, capture_output=True,
            text=True, timeout=20, env=self.folder.environ(**self.home),
        ).stdout  # fmt: skip

    def watching(self, *argv: str) -> Running:
        """A `localku chaos` that stays."""
        return self.folder.run("chaos", *argv, "--root", "shop", env=self.home)


def test_nothing_of_a_fault_outlives_its_app_or_its_platform(folder: Folder) -> None:
    with server(Echo) as database:
        town = Town(folder, database)
        up = r"worker\.1\]: State changed from starting to up"
        town.cli("apps:create", "shop", "--root", ".")
        town.running.wait_for(up)
        watch = town.watching("backing", "--for", "1h")
        other = rf"database me 127\.0\.0\.1 (?!{database} )(\d+)"
        relay = int(town.running.wait_for(other)[1])
        watch.wait_for("connections are reset")
        town.cli("apps:destroy", "shop", "--confirm", "shop")
        assert watch.wait() == 0
        assert (
            watch.lines[-1] == "The app has been destroyed, and with it the fault: all is undone."
        )
        wait_until(lambda: not listens(relay), "the relay has gone")
        town.cli("apps:create", "shop", "--root", ".")
        town.running.wait_for(up, count=3)
        watch = town.watching("freeze", "worker", "--for", "1h")
        watch.wait_for("SIGSTOP to")
        town.running.signal(signal.SIGINT)
        assert watch.wait() == 0
        assert "all is undone" in watch.lines[-1]
        town.running.wait()
        town.running.assert_nothing_left()
    assert "Traceback" not in town.running.text


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
