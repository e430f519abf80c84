"""The API over TCP: who is let in, on which port, and that it answers as the Unix socket does."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import api_kit
import pytest
from api_kit import TWO_TYPES
from conftest import LINUX, Folder, wait_until
from gate_kit import FOREIGN, Door, api_port, ask, basic, bearer, is_uuid, key_of

HEROKU = {"Accept": "application/vnd.heroku+json; version=3.sdk"}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One platform for all tests that leave it as it was."""
    root = tmp_path_factory.mktemp("gate") / "shop"
    root.mkdir()
    folder = Folder(root)
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    yield Door(root, running)
    running.destroy()


# -- the key -------------------------------------------------------------------------------------


def test_the_key_is_in_a_file_that_only_its_owner_can_read(door: Door) -> None:
    file = door.root / ".localku" / "api-key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(door.key) == 64


def test_the_key_opens_it_in_every_way_that_clients_send_it(door: Door) -> None:
    for headers in (bearer(door.key), basic(f":{door.key}"), basic(f"heroku:{door.key}")):
        answer = ask(door.port, "GET", "/account", headers={**headers, **HEROKU})
        assert answer.status == 200
        assert answer.value["email"]


WRONG = {
    "none": {},
    "another": bearer(FOREIGN),
    "empty": bearer(""),
    "as the user": basic(f"{FOREIGN}:"),
    "no base64": {"Authorization": "Basic ???"},
    "another scheme": {"Authorization": "Digest x"},
    "no ASCII": {"Authorization": "Bearer \xe9"},
    "very long": bearer("x" * 5000),
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("path", ["/apps", "/apps/nosuch", "/nosuch", "/localku/status"])
def test_without_the_key_nobody_learns_anything(
    door: Door, path: str, headers: dict[str, str]
) -> None:
    answer = ask(door.port, "GET", path, headers=headers)
    assert answer.status == 401
    assert answer.value == {"id": "unauthorized", "message": "Invalid credentials provided."}
    assert is_uuid(answer.headers["Request-Id"])


def test_without_the_key_nothing_changes(door: Door) -> None:
    path = "/apps/shop/config-vars"
    assert ask(door.port, "PATCH", path, {"A": "1"}, headers=bearer(FOREIGN)).status == 401
    assert "A" not in door.ask("GET", path).value


def test_a_key_is_kept_over_a_restart_and_never_said(folder: Folder) -> None:
    folder.write("Procfile", TWO_TYPES)
    keys = set()
    for _ in range(2):
        running = folder.start()
        port = api_port(running)
        keys.add(key_of(folder.path))
        [key] = keys
        assert ask(port, "GET", "/apps", headers=bearer(key)).status == 200
        running.signal(signal.SIGTERM)
        running.wait()
        assert key not in running.text


@pytest.mark.parametrize("text", ["", "abc", "x" * 64, "0" * 63, "\xff\xfe"])
def test_half_a_key_is_replaced_and_an_open_one_is_closed(folder: Folder, text: str) -> None:
    folder.write("Procfile", "web: exec sleep 600\n")
    (folder.path / ".localku").mkdir(0o700)
    file = folder.write(".localku/api-key", text)
    file.chmod(0o644)
    api_port(folder.start())
    assert len(key_of(folder.path)) == 64
    assert key_of(folder.path) != text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_good_key_with_open_rights_is_closed(folder: Folder) -> None:
    folder.write("Procfile", "web: exec sleep 600\n")
    (folder.path / ".localku").mkdir(0o700)
    file = folder.write(".localku/api-key", FOREIGN + "\n")
    file.chmod(0o644)
    port = api_port(folder.start())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ask(port, "GET", "/apps", headers=bearer(FOREIGN)).status == 200


# -- browsers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.com", "localhost.evil.com", "192.168.0.1:5007", ""])
def test_a_foreign_name_does_not_reach_it_even_with_the_key(door: Door, host: str) -> None:
    answer = door.ask("GET", "/apps", headers={"Host": host})
    assert answer.error == (403, "forbidden")


def test_a_request_of_http_1_0_names_no_host(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=15) as client:
        client.sendall(f"GET /apps HTTP/1.0\r\nAuthorization: Bearer {door.key}\r\n\r\n".encode())
        assert client.recv(65536).startswith(b"HTTP/1.0 403 ")


@pytest.mark.parametrize("origin", ["http://evil.com", "null", "http://localhost:5006", ""])
def test_a_web_page_cannot_steer_it_even_with_the_key(door: Door, origin: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        answer = door.ask(method, "/apps", {}, headers={"Origin": origin})
        assert answer.error == (403, "forbidden")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_its_own_pages_may(door: Door) -> None:
    host = f"localhost:{door.port}"
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert door.ask("GET", "/apps", headers=headers).status == 200


def test_on_the_unix_socket_the_folder_is_the_guard(door: Door) -> None:
    answer = api_kit.ask(door.root, "GET", "/apps", headers={"Host": "x", "Origin": "http://x"})
    assert answer.status == 200


# -- answers -------------------------------------------------------------------------------------


def test_both_doors_answer_alike(door: Door) -> None:
    for path in ("/apps", "/apps/shop", "/apps/nosuch", "/nosuch", "/apps/shop/formation"):
        here, there = door.ask("GET", path), api_kit.ask(door.root, "GET", path)
        assert (here.status, here.value) == (there.status, there.value)
        for name in ("ETag", "Content-Type", "RateLimit-Remaining", "Next-Range"):
            assert here.headers[name] == there.headers[name]
    assert here.headers["RateLimit-Remaining"] == "4500"


def test_versions_that_are_not_spoken(door: Door) -> None:
    for version, status in (("3", 200), ("3.webhooks", 200), ("2", 404), ("4", 404)):
        accept = f"application/vnd.heroku+json; version={version}"
        answer = door.ask("GET", "/account", headers={"Accept": accept})
        assert answer.status == status
    assert "`Accept` header" in answer.value["message"]


def test_head_has_the_headers_of_get(door: Door) -> None:
    got, head = door.ask("GET", "/apps"), door.ask("HEAD", "/apps")
    assert (head.status, head.value) == (200, None)
    assert head.headers["ETag"] == got.headers["ETag"]


def test_a_path_is_routed_as_it_was_written(door: Door) -> None:
    answer = door.ask("GET", "/apps/shop/dynos/a%2Fb")
    assert answer.value["message"] == "Couldn't find that process (a/b)."
    assert door.ask("GET", "/apps%2Fshop").error == (404, "not_found")


BODIES = {
    "no JSON": (b"{", 400),
    "a list": (b"[]", 422),
    "too deep": (b"[" * 100_000, 400),
    "too large": (b" " * 300_000, 413),
}


@pytest.mark.parametrize(("raw", "status"), BODIES.values(), ids=BODIES)
def test_a_bad_body_is_refused(door: Door, raw: bytes, status: int) -> None:
    assert door.ask("PATCH", "/apps/shop/config-vars", raw=raw).status == status


# -- TLS -----------------------------------------------------------------------------------------


def test_tls_on_the_same_port_is_trusted_with_what_localku_env_says(door: Door) -> None:
    told = json.loads(door.running.cli("env", "--json").stdout)
    context = ssl.create_default_context(cafile=told["NODE_EXTRA_CA_CERTS"])
    for host in ("127.0.0.1", "localhost"):
        connection = http.client.HTTPSConnection(host, door.port, context=context, timeout=15)
        own = f"https://{host}:{door.port}"
        for origin, status in ((own, 200), (own.replace("https", "http"), 403)):
            connection.request("GET", "/apps", headers={**bearer(door.key), "Origin": origin})
            response = connection.getresponse()
            response.read()
            assert response.status == status
        connection.close()


# -- the port ------------------------------------------------------------------------------------


def test_it_listens_on_both_loopback_addresses_and_on_no_other(door: Door) -> None:
    for address in ("127.0.0.1", *(["::1"] if has_ipv6() else [])):
        answer = ask(door.port, "GET", "/apps", headers=bearer(door.key), address=address)
        assert answer.status == 200
    if LINUX:
        own = {f"{door.port:04X}"}
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
        listening = [line.split()[1].split(":") for line in lines if line.split()[3] == "0A"]
        assert {address for address, port in listening if port in own} == {"0100007F"}


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def free_pair() -> int:
    """A port that is free together with the next one, below those that the kernel hands out."""
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                socket.create_server(("127.0.0.1", port + 1)).close()
        except OSError:
            continue
        return port


def test_it_is_the_port_after_the_routers(folder: Folder) -> None:
    folder.write("Procfile", "web: exec sleep 600\n")
    port = free_pair()
    assert api_port(folder.start("-p", str(port))) == port + 1


def test_when_that_is_taken_any_other_will_do(folder: Folder) -> None:
    folder.write("Procfile", "web: exec sleep 600\n")
    port = free_pair()
    with socket.create_server(("127.0.0.1", port + 1)):
        assert api_port(folder.start("-p", str(port))) not in (port, port + 1)


def test_one_that_was_asked_for_and_is_taken_is_an_error(folder: Folder) -> None:
    folder.write("Procfile", "web: exec sleep 600\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, text = folder.fails("start", "-p", "0", "--api-port", str(port))
    assert status == 1
    assert f"port {port} is in use" in text
    assert "--api-port" in text


def test_the_highest_port_has_no_next_one(folder: Folder) -> None:
    try:
        socket.create_server(("127.0.0.1", 65535)).close()
    except OSError:
        pytest.skip("port 65535 is taken")
    folder.write("Procfile", "worker: exec sleep 600\n")
    assert api_port(folder.start("-p", "65535", "--port-base", "7000")) < 65535


@pytest.mark.skipif(not LINUX, reason="reads /proc")
def test_it_costs_nothing_until_a_client_comes(folder: Folder) -> None:
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    port = api_port(running)
    maps = Path(f"/proc/{running.proc.pid}/maps")
    silent = socket.create_connection(("127.0.0.1", port), timeout=15)
    assert "aiohttp" not in maps.read_text()
    silent.close()
    assert ask(port, "GET", "/apps", headers=bearer(key_of(folder.path))).status == 200
    assert "aiohttp" in maps.read_text()


def test_the_first_clients_of_both_doors_may_come_together(folder: Folder) -> None:
    folder.write("Procfile", TWO_TYPES)
    running = folder.start()
    port, key = api_port(running), key_of(folder.path)
    clients = [socket.create_connection(("127.0.0.1", port), timeout=15) for _ in range(10)]
    head = f"GET /apps HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
    for client in clients:
        client.sendall(head.encode())
    assert api_kit.ask(folder.path, "GET", "/apps").status == 200
    for client in clients:
        assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
        client.close()


@pytest.mark.skipif(not LINUX, reason="counts descriptors in /proc")
def test_clients_that_say_nothing_or_nonsense_leave_nothing_behind(door: Door) -> None:
    fds = f"/proc/{door.running.proc.pid}/fd"
    door.ask("GET", "/apps")
    before = len(os.listdir(fds))
    tls = b"\x16\x03\x01\x00\x05hello"
    for data in (b"", b"\0", b"GET", b"\x16", tls, os.urandom(500), b"GET / HTTP/9.9\r\n\r\n"):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", door.port), timeout=15) as client:
                client.sendall(data)
    wait_until(lambda: len(os.listdir(fds)) <= before, "all descriptors are closed")
    assert door.ask("GET", "/apps").status == 200
    assert "lost a client" not in door.running.text


def test_an_end_does_not_wait_for_silent_clients(folder: Folder) -> None:
    folder.write("Procfile", "web: exec sleep 600\n")
    running = folder.start()
    port = api_port(running)
    idle = [socket.create_connection(("127.0.0.1", port), timeout=15) for _ in range(3)]
    idle[0].sendall(b"GET /apps HT")
    running.signal(signal.SIGTERM)
    assert running.wait(10) == 128 + signal.SIGTERM
    for client in idle:
        client.close()
    running.assert_nothing_left()
