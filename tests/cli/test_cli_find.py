"""How a command finds the running platform, and what it says when there is none."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LOCALKU, PATIENCE, Folder, Running


@pytest.fixture
def shop(folder: Folder) -> Iterator[Running]:
    folder.write("Procfile", "worker: exec sleep 600\nclock: exec sleep 500\n")
    running = folder.start("-m", "worker=2,clock=0")
    _ = running.port
    yield running


def localku(cwd: Path, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LOCALKU, *argv], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE,
        env={**os.environ, **env},
    )  # fmt: skip


NOBODY = (
    "localku: no app of this folder is running "
    "(start it with `localku start`, or name its folder with --root)\n"
)


def test_no_platform_says_what_to_do(tmp_path: Path) -> None:
    for command in ("ps", "ps:scale", "ps:restart"):
        done = localku(tmp_path, command)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", NOBODY)


def test_a_platform_that_was_killed_is_no_platform(shop: Running) -> None:
    shop.signal(signal.SIGKILL)
    shop.wait()
    done = shop.cli("ps")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NOBODY)


def test_the_platform_is_found_from_below_and_from_elsewhere(shop: Running, tmp_path: Path) -> None:
    below = shop.cwd / "a" / "b"
    below.mkdir(parents=True)
    wanted = shop.cli("ps:scale").stdout
    assert localku(below, "ps:scale").stdout == wanted
    assert localku(tmp_path, "ps:scale", "--root", "shop").stdout == wanted
    assert localku(tmp_path, "ps:scale", LOCALKU_ROOT=str(shop.cwd)).stdout == wanted


def test_a_platform_that_ends_in_mid_answer_is_said(tmp_path: Path) -> None:
    state = tmp_path / ".localku"
    state.mkdir()
    path = state / "api.sock"
    (state / "platform").write_text(f"app=shop\nport=1\npid=1\nsocket={path}\n")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)

        def answer() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        done = localku(tmp_path, "ps")
        thread.join(PATIENCE)
    assert done.returncode == 1
    assert done.stderr.startswith("localku: the platform went away")
    assert len(done.stderr.splitlines()) == 1
