"""The hooks in an app's own Python and Node refuse the sockets of services that run here."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from localku.check.prepare import HOOKS

PYTHON = """
import socket, sys
for name in ("old.sock", "new.sock"):
    if name == "new.sock":
        server = socket.socket(socket.AF_UNIX); server.bind(name); server.listen()
    try:
        socket.socket(socket.AF_UNIX).connect(name)
        print(name, "reached")
    except ConnectionRefusedError as error:
        print(name, "refused")
"""
NODE = """
const net = require('net');
const go = (name, next) => {
  const it = net.connect(name);
  it.on('connect', () => { console.log(name, 'reached'); it.destroy(); next(); });
  it.on('error', (error) => {
    console.log(name, error.code === 'ECONNREFUSED' ? 'refused' : error);
    next();
  });
};
const server = net.createServer((it) => it.end());
go('old.sock', () => server.listen('new.sock', () => go('new.sock', () => server.close())));
"""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the socket of a service, which is older than the trial."""
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("old.sock")
        listening.listen()
        os.utime("old.sock", (1, 1))
        for name in ("sights", "config.env"):
            (tmp_path / name).touch()
        yield tmp_path


@pytest.mark.parametrize("language", ["python", "node"])
def test_a_socket_file_that_was_there_before_is_refused(service: Path, language: str) -> None:
    if language == "node" and not shutil.which("node"):
        pytest.skip("there is no node")
    program = {"python": [sys.executable, "-c", PYTHON], "node": ["node", "-e", NODE]}[language]
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": HOOKS,
        "NODE_OPTIONS": f"--require={HOOKS}/watch.cjs",
        "LOCALKU_DOCTOR_LOG": str(service / "sights"),
        "LOCALKU_DOCTOR_SLUG": str(service),
    }
    said = subprocess.run(program, env=environ, capture_output=True, text=True, timeout=20)
    assert said.stdout.split("\n")[:2] == ["old.sock refused", "new.sock reached"], said.stderr
    sights = [json.loads(line) for line in (service / "sights").read_text().splitlines()]
    refused = [each for each in sights if each["event"] == "connect" and each["refused"]]
    assert [each["host"] for each in refused] == [str(service / "old.sock")]
