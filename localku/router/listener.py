"""Binding the router's port, before anything expensive is loaded (start path: `_socket` alone).

The sockets carry what every accepted connection inherits: TCP_NODELAY, and the TCP protocol number
that asyncio looks at (a socket of protocol 0 gets no NODELAY there, and stalls 44 ms per chunk).
A port that several routers share (SO_REUSEPORT) is first bound as if for one alone, so that it is
found out here, and only here, that somebody else holds it.
"""

from __future__ import annotations

import _socket
import errno
import sys

from localku.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket as Socket

BACKLOG = 4096  # the kernel cuts it to net.core.somaxconn
BALANCES = sys.platform.startswith("linux")  # SO_REUSEPORT spreads connections (socket(7))
_RANDOM_TRIES = 20  # for port 0, where the second address may find the port taken


def bind(host: str, port: int, flag: str = "-p", *, shared: bool = False) -> list[Socket]:
    """Bind and listen on host:port; port 0 lets the kernel choose one, the same for all addresses.

    host: a numeric address, or "localhost", which is 127.0.0.1 and, where there is IPv6, ::1.
    flag: what chooses the port, for the hint. shared: let join() have sockets of the same port
    later.
    Raises UserError: who holds a busy port, what to do about a privileged one, a bad host.
    """
    if not 0 <= port <= 65535:
        raise UserError(f"port {port} is out of range", hint=f"{flag} takes 0 to 65535")
    for attempt in range(_RANDOM_TRIES):
        sockets: list[Socket] = []
        try:
            for address in _addresses(host):
                chosen = sockets[0].getsockname()[1] if sockets else port
                sock = _listen(address, chosen, shared)
                if sock is not None:
                    sockets.append(sock)
        except OSError as error:
            for sock in sockets:
                sock.close()
            unlucky = port == 0 and bool(sockets) and error.errno == errno.EADDRINUSE
            if not unlucky or attempt == _RANDOM_TRIES - 1:
                raise _explain(error, host, port, flag) from None
            continue
        if sockets:
            return sockets
        break
    raise UserError(f"cannot listen on {host}: no such address here")


def bind_beside(port: int, wanted: int | None) -> list[Socket]:
    """Bind the API's port on loopback: the wanted one, or the one after the router's `port`.

    Raises UserError when the wanted one cannot be had; without a wish any free one will do.
    """
    if wanted is not None:
        return bind("localhost", wanted, "--api-port")
    sockets: list[Socket] = []
    try:
        for address in _addresses("localhost"):
            sock = _listen(address, port + 1, shared=False)
            if sock is not None:
                sockets.append(sock)
    except (OSError, OverflowError):  # taken, or beyond 65535
        for sock in sockets:
            sock.close()
        return bind("localhost", 0)
    return sockets


def join(sock: Socket, *, balanced: bool = BALANCES) -> Socket:
    """A listening socket for another router, on the address of one that was bound as shared.

    Where the kernel does not balance, it is the same socket once more: whoever is first takes a
    connection. Raises UserError.
    """
    try:
        return _beside(sock) if balanced else _socket.socket(fileno=_socket.dup(sock.fileno()))
    except OSError as error:
        text = f"port {sock.getsockname()[1]} cannot be shared: {error.strerror or error}"
        raise UserError(text, hint="start with fewer --routers") from None


def _beside(sock: Socket) -> Socket:
    other = _open(sock.family)
    try:
        other.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEPORT, 1)
        other.bind(sock.getsockname())
        _begin(other)
    except OSError:
        other.close()
        raise
    return other


def _addresses(host: str) -> list[str]:
    if host == "localhost":
        return ["127.0.0.1", "::1"] if _socket.has_ipv6 else ["127.0.0.1"]
    return [host.strip("[]")]


def _listen(address: str, port: int, shared: bool) -> Socket | None:
    """A listening socket; None when this machine has no IPv6 and the address is ::1."""
    six = ":" in address
    try:
        sock = _open(_socket.AF_INET6 if six else _socket.AF_INET)
    except OSError:
        if six:
            return None
        raise
    try:
        sock.bind((address, port))
        if shared and BALANCES:
            sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEPORT, 1)
        _begin(sock)
    except OSError as error:
        sock.close()
        if address == "::1" and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    return sock


def _open(family: int) -> Socket:
    sock = _socket.socket(family, _socket.SOCK_STREAM, _socket.IPPROTO_TCP)
    sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    sock.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
    if family == _socket.AF_INET6:
        sock.setsockopt(_socket.IPPROTO_IPV6, _socket.IPV6_V6ONLY, 1)
    return sock


def _begin(sock: Socket) -> None:
    sock.listen(BACKLOG)
    sock.setblocking(False)


def _explain(error: OSError, host: str, port: int, flag: str) -> UserError:
    if error.errno == errno.EADDRINUSE:
        from localku.router.holder import holder_of

        holder = holder_of(port)
        by = f" by {holder}" if holder else ""
        return UserError(
            f"port {port} is in use{by}",
            hint=f"stop it, or choose another port: {flag} {port + 1}",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        advice = f"choose a port above 1023: {flag} {5000 + port}"
        if sys.platform.startswith("linux"):
            advice += ", or allow it: sysctl net.ipv4.ip_unprivileged_port_start"
        return UserError(f"port {port} is privileged: only root may listen on it", hint=advice)
    if isinstance(error, _socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return UserError(f"cannot listen on {host}: no such address here")
    return UserError(f"cannot listen on {host}:{port}: {error.strerror or error}")
