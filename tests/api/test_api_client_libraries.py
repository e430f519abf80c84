"""Other people's clients, unmodified: heroku3 of PyPI, heroku-client of npm."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from api_kit import TWO_TYPES, Shop
from conftest import Folder
from gate_kit import Door


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("libraries") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    _ = running.port
    it = Shop(folder, running)
    it.wait_for_states(web_1="up", worker_1="up")
    yield it
    running.destroy()


@pytest.fixture
def door(shop: Shop) -> Door:
    return Door(shop.root, shop.running)


# -- heroku3 -------------------------------------------------------------------------------------


@pytest.fixture
def heroku3(door: Door, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A connection. Its host is a constant that it reads when it connects."""
    module = _import("heroku3")
    monkeypatch.setattr(importlib.import_module("heroku3.api"), "HEROKU_URL", address(door))
    return module.from_key(door.key)


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} cannot be imported: {error}")


def address(door: Door) -> str:
    return f"http://127.0.0.1:{door.port}"


def test_heroku3_sees_the_account_and_the_apps(heroku3: Any) -> None:
    assert heroku3.account().email == "you@localhost"
    assert [app.name for app in heroku3.apps()] == ["shop"]
    assert heroku3.app("shop").name == "shop"


def test_heroku3_reads_and_changes_config(heroku3: Any, shop: Shop) -> None:
    app = heroku3.app("shop")
    config = app.config()
    config["GREETING"] = "hello world"
    assert app.config().to_dict() == {"GREETING": "hello world"}
    del config["GREETING"]
    assert shop.ask("GET", "/config-vars").value == {}
    assert [each.version for each in app.releases()][:2] == [1, 2]


def test_heroku3_scales(heroku3: Any, shop: Shop) -> None:
    app = heroku3.app("shop")
    app.process_formation()["worker"].scale(2)
    assert shop.quantities() == {"web": 1, "worker": 2}
    app.scale_formation_process("worker", 1)
    shop.wait_for_states(web_1="up", worker_1="up")
    assert {dyno.name for dyno in app.dynos()} == {"web.1", "worker.1"}
    app.restart()


def test_heroku3_switches_maintenance_and_domains(heroku3: Any, shop: Shop) -> None:
    app = heroku3.app("shop")
    app.enable_maintenance_mode()
    assert shop.ask("GET", "").value["maintenance"] is True
    app.disable_maintenance_mode()
    app.add_domain("www.shop.test", None)
    assert "www.shop.test" in [each.hostname for each in app.domains()]
    app.remove_domain("www.shop.test")


def test_heroku3_with_another_key(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    module = _import("heroku3")
    monkeypatch.setattr(importlib.import_module("heroku3.api"), "HEROKU_URL", address(door))
    with pytest.raises(Exception, match="401"):
        module.from_key("x").apps()


# -- heroku-client -------------------------------------------------------------------------------

SCRIPT = """\
const Heroku = require('heroku-client')
const heroku = new Heroku({ token: process.env.KEY, host: process.env.HOST })
async function main () {
  const apps = await heroku.get('/apps')
  await heroku.patch('/apps/shop/config-vars', { body: { A: '1' } })
  const config = await heroku.get('/apps/shop/config-vars')
  const body = { updates: [{ type: 'worker', quantity: 0 }] }
  const [worker] = await heroku.patch('/apps/shop/formation', { body })
  const missing = await heroku.get('/apps/nosuch').catch(error => error.body.id)
  console.log(apps[0].name, config.A, worker.quantity, missing)
}
main()
"""


def test_heroku_client(door: Door) -> None:
    node = shutil.which("node")
    modules = os.environ.get("LOCALKU_TEST_NODE_PATH", "")
    if not node or not modules:
        pytest.skip("no heroku-client: npm install it, and name its node_modules in "
                    "LOCALKU_TEST_NODE_PATH")  # fmt: skip
    environ = {**os.environ, "NODE_PATH": modules, "KEY": door.key, "HOST": address(door)}
    done = subprocess.run(
        [node, "-e", SCRIPT], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "shop 1 0 not_found\n", done.stderr
