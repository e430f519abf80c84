"""No config var of a trial leads to a real service, however it is written."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from localku.check.prepare import Prepared
from localku.check.world import services


async def _given(value: str, folder: str, *, use_services: bool = False) -> str:
    config = {"REDIS_ADDR": value}
    ready = Prepared(folder, folder, "app", {}, config, use_services, 1, 1, set())
    await ready.open_stands()
    given = ready._config(folder, folder)
    await ready.close()
    if use_services and value == given["REDIS_ADDR"]:
        return value
    assert use_services or given["PGHOST"].endswith(".invalid")
    return re.sub(r"(127\.0\.0\.1:|port=)(?!6379)\d+", r"\1N", given["REDIS_ADDR"])


AT = "127.0.0.1:N"


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("postgres:///x", f"postgres://{AT}/x"),
        ("postgresql+psycopg://me@/x", f"postgresql+psycopg://me@{AT}/x"),
        (
            "postgres://u:p@/x?host=/run/pg&sslmode=disable",
            f"postgres://u:p@{AT}/x?sslmode=disable",
        ),
        ("postgres://near/x?hostaddr=10.0.0.1&host=real", f"postgres://{AT}/x"),
        ("mysql://root@localhost/x?unix_socket=/run/my.sock", f"mysql://root@{AT}/x"),
        ("mongodb://u:p@one:27017,two:27018/x?w=1", f"mongodb://u:p@{AT}/x?w=1"),
        ("kafka+ssl://one:9096,kafka+ssl://two:9096", f"kafka+ssl://{AT}"),
        ("postgres://one,two/x", f"postgres://{AT}/x"),
        ("jdbc:postgresql://one:5432/x?user=me", f"jdbc:postgresql://{AT}/x?user=me"),
        ("unix:///run/redis.sock", "localku-doctor.invalid"),
        ("redis+socket:///run/redis.sock?db=1", "localku-doctor.invalid"),
        ("dbname=x host=one port=5432 user=me", "dbname=x user=me host=127.0.0.1 port=N"),
        ("dbname = x hostaddr='10.0.0.1 '", "dbname = x host=127.0.0.1 port=N"),
        ("one:6379", "localku-doctor.invalid:6379"),
        ("a:9092,b:9092", "localku-doctor.invalid:9092,localku-doctor.invalid:9092"),
    ],
)
def test_a_service_is_not_reached(value: str, given: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "doctor")
    assert asyncio.run(_given(value, folder)) == given
    plain = asyncio.run(_given(value, folder, use_services=True))
    assert plain in (value, given)  # as it is, or by a relay


def test_a_relay_does_not_stand_in_for_a_socket(tmp_path: Path) -> None:
    value = "postgres:///x"
    assert asyncio.run(_given(value, str(tmp_path / "doctor"), use_services=True)) == value


def test_libpq_hands_over_nothing_to_a_server_that_the_code_names(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    ready = Prepared(str(tmp_path), str(tmp_path), "app", {}, {}, False, 1, 1, set())
    given = ready._config(str(tmp_path), str(tmp_path))
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        place = f"host=127.0.0.1 port={server.getsockname()[1]} dbname=x user=me"
        program = f"import psycopg; psycopg.connect({place!r}, connect_timeout=9)"
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given}
        with subprocess.Popen([sys.executable, "-c", program], env=environ, stderr=-3) as client:
            connection, _ = server.accept()
            with connection:
                heard += connection.recv(99)
                connection.sendall(b"N")  # no TLS here, as on a laptop
                heard += connection.recv(99)
        assert client.returncode
    assert heard == b"\0\0\0\x08\x04\xd2\x16\x2f"  # SSLRequest, and no name of a database


def test_what_names_no_service_stays() -> None:
    config = {"BIND": "0.0.0.0:8000", "MOTTO": "host=you", "PLACE": "https://example.com", "N": ""}
    found = services(config)
    assert not found.hosts and not found.paths and not found.files and set(found.urls) == {"PLACE"}


def test_odd_values_take_no_time() -> None:
    odd = ["a= " * 9000, "x" * 200_000, "://" * 9000, "a:1," * 9000, "h=' " * 9000, "\n" * 9000]
    assert not services({f"N{number}": value for number, value in enumerate(odd)}).urls
