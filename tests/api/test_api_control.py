"""The control socket: who may reach it, what it costs before anybody does, what is in its way."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import stat
import tempfile
from pathlib import Path

import pytest
from api_kit import TWO_TYPES, ask, socket_of
from conftest import LINUX, Folder, wait_until

from localku.api import control
from localku.errors import UserError

STATUS = "/localku/status"


def test_it_ends_in_peace_when_there_were_clients(folder: Folder) -> None:
    """The server and its doors close at the same time: neither pulls the socket from the other."""
    folder.write("Procfile", "worker: exec sleep 600\n")
    for _ in range(4):
        running = folder.start()
        assert running.port
        assert running.cli("ps").returncode == 0
        running.signal(signal.SIGINT)
        assert running.wait() == 130
        assert "Traceback" not in running.text


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture
def place(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "api.sock")


def test_only_its_owner_can_reach_it(place: str) -> None:
    with control.listen(place):
        assert mode(os.path.dirname(place)) == 0o700
        assert mode(place) == 0o600


def test_a_folder_that_is_too_open_is_closed(place: str) -> None:
    os.mkdir(os.path.dirname(place), 0o755)
    with control.listen(place):
        assert mode(os.path.dirname(place)) == 0o700


def test_a_folder_in_a_common_place_must_not_be_movable_by_others(tmp_path: Path) -> None:
    common = tmp_path / "common"
    common.mkdir()
    common.chmod(0o777)
    with pytest.raises(UserError, match="others may change"):
        control.listen(str(common / "localku-1234" / "api.sock"))
    common.chmod(0o700)
    control.listen(str(common / "localku-1234" / "api.sock")).close()


def test_the_socket_of_a_dead_platform_is_replaced(place: str) -> None:
    control.listen(place).close()  # the file stays
    assert os.path.exists(place)
    with control.listen(place) as listening, socket.socket(socket.AF_UNIX) as client:
        client.connect(place)
        listening.setblocking(True)
        listening.settimeout(5)
        listening.accept()[0].close()


def test_a_socket_that_answers_is_left_alone(place: str) -> None:
    with control.listen(place):
        with pytest.raises(UserError, match="another platform answers"):
            control.listen(place)
        assert os.path.exists(place)


def test_a_file_in_the_way_is_not_removed(place: str) -> None:
    os.mkdir(os.path.dirname(place))
    Path(place).write_text("precious")
    with pytest.raises(UserError, match="no socket is in the way"):
        control.listen(place)
    assert Path(place).read_text() == "precious"


def test_a_path_that_is_too_long_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="too long"):
        control.listen(str(tmp_path / ("x" * 200) / "api.sock"))


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_aiohttp_is_loaded_when_the_first_client_comes(folder: Folder) -> None:
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    _ = running.port
    maps = Path(f"/proc/{running.proc.pid}/maps")
    assert "aiohttp" not in maps.read_text()
    assert ask(folder.path, "GET", STATUS).status == 200
    assert "aiohttp" in maps.read_text()


def test_the_first_clients_may_come_together(folder: Folder) -> None:
    """All that connect while the server is still being imported are answered."""
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    _ = running.port
    clients = [socket.socket(socket.AF_UNIX) for _ in range(20)]
    try:
        for client in clients:
            client.settimeout(15)
            client.connect(socket_of(folder.path))
            client.sendall(f"GET {STATUS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        for client in clients:
            response = http.client.HTTPResponse(client)
            response.begin()
            assert response.status == 200
            response.close()
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGKILL]], ids=["end", "kill -9"])
def test_a_platform_starts_again_where_one_has_ended(
    folder: Folder, signals: list[signal.Signals]
) -> None:
    folder.write("Procfile", TWO_TYPES)
    first = folder.start()
    _ = first.port
    for number in signals:
        first.signal(number)
    first.wait()
    first.assert_nothing_left()
    second = folder.start()
    _ = second.port
    assert ask(folder.path, "GET", STATUS).value["pid"] == second.proc.pid


def test_a_folder_with_a_very_long_name_has_its_socket_elsewhere(
    folder: Folder, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    deep = tmp_path / ("d" * 100) / "shop"
    deep.mkdir(parents=True)
    (deep / "Procfile").write_text(TWO_TYPES)
    runtime = Path(tempfile.mkdtemp(prefix="run"))  # a short name
    request.addfinalizer(lambda: shutil.rmtree(runtime))
    running = folder.start("--root", str(deep), env={"XDG_RUNTIME_DIR": str(runtime)})
    _ = running.port
    listed = running.cli("ps", "--root", str(deep))
    assert "web.1: " in listed.stdout, listed.stderr
    [found] = runtime.glob("localku-*/api.sock")
    assert mode(found.parent) == 0o700
    running.signal(signal.SIGTERM)
    running.wait()
    wait_until(lambda: not found.exists(), "the socket is removed")
