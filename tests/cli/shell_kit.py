"""A person's shell beside a running app: `localku` is on its PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Running

from localku.cli.client import Client


def shell(
    cwd: Path, script: str, name: str = "bash", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in that shell. Skips the test where there is no such shell."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} here")
    where = f"{Path(LOCALKU).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [path, "-c", script], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, "PATH": where, **env},
    )  # fmt: skip


def client_of(shop: Running) -> Client:
    """Who speaks to the platform that runs the app `shop`."""
    return Client(str(shop.cwd / ".localku" / "api.sock"), "shop")


def put(shop: Running, values: Mapping[str, str | None]) -> None:
    """Set config vars of the app, whatever is in them; None removes one."""
    client = client_of(shop)
    client.request("PATCH", client.at("config-vars"), dict(values))
