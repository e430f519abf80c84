"""Binding the port: both families, who holds it, and nothing expensive loaded."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from localku.errors import UserError
from localku.router.listener import bind

HAS_IPV6 = socket.has_ipv6 and os.path.exists("/proc/net/if_inet6")


def _close(sockets: list) -> None:  # type: ignore[type-arg]
    for sock in sockets:
        sock.close()


def test_localhost_is_both_families_on_one_port() -> None:
    sockets = bind("localhost", 0)
    try:
        addresses = [sock.getsockname()[:2] for sock in sockets]
        port = addresses[0][1]
        assert addresses[0] == ("127.0.0.1", port)
        if HAS_IPV6:
            assert addresses[1:] == [("::1", port)]
        for sock in sockets:
            assert sock.proto == socket.IPPROTO_TCP
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
    finally:
        _close(sockets)


def test_accepted_connections_inherit_nodelay() -> None:
    (sock,) = bind("127.0.0.1", 0)
    listener = socket.socket(fileno=sock.detach())
    with listener, socket.create_connection(listener.getsockname(), timeout=5):
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_can_be_bound_again_at_once() -> None:
    (sock,) = bind("127.0.0.1", 0)
    address = sock.getsockname()
    with socket.create_connection(address, timeout=5):
        pass
    sock.close()
    _close(bind("127.0.0.1", address[1]))


def test_a_busy_port_names_its_holder() -> None:
    code = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        with pytest.raises(UserError) as caught:
            bind("127.0.0.1", port)
        holder.communicate("\n")
    assert caught.value.message.startswith(f"port {port} is in use by pid {holder.pid} (")
    assert os.path.basename(sys.executable) in caught.value.message
    assert "\n" not in str(caught.value)
    assert str(port + 1) in caught.value.hint


def test_a_half_busy_port_leaves_nothing_bound() -> None:
    if not HAS_IPV6:
        pytest.skip("no IPv6 here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as holder:
        port = holder.getsockname()[1]
        with pytest.raises(UserError):
            bind("localhost", port)
        _close(bind("127.0.0.1", port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_here(host: str) -> None:
    with pytest.raises(UserError, match="cannot listen on"):
        bind(host, 0)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range(port: int) -> None:
    with pytest.raises(UserError, match="out of range"):
        bind("127.0.0.1", port)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="drops its privileges as root")
def test_a_privileged_port_says_so() -> None:
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as limit:
        if int(limit.read()) <= 80:
            pytest.skip("port 80 is open to all here")
    code = (
        "import os\n"
        "from localku.router.listener import bind\n"
        "os.getuid() or os.setuid(65534)\n"
        "try:\n    bind('127.0.0.1', 80)\nexcept Exception as error:\n    print(error)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("port 80 is privileged")


def test_binding_loads_nothing_expensive() -> None:
    code = (
        "import sys; before = set(sys.modules); from localku.router.listener import bind;"
        "[s.close() for s in bind('localhost', 0)]; print(*(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    allowed = {"localku", "localku.errors", "localku.router", "localku.router.listener"}
    assert set(loaded) <= allowed | {"_socket", "errno", "__future__"}
