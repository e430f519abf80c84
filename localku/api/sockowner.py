"""Whose a connection on this machine is, from the kernel's tables of TCP sockets. Pure.

Linux lists each socket with its two ends and the uid of who made it (proc(5), /proc/net/tcp), so
that the server's side can look up the client's: a browser of the same user needs no password.
"""

from __future__ import annotations

import ipaddress
import sys

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")

End = tuple[str, int]  # address and port


def owner(table: str, end: End, other: End, byteorder: str = sys.byteorder) -> int | None:
    """The uid of the socket that is bound to `end` and connected to `other`; None when it is not in
    the table. table: what is in one of TABLES. byteorder: of the machine that printed it."""
    wanted = (_plain(end), _plain(other))
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or not fields[7].isdecimal():
            continue
        if (_end(fields[1], byteorder), _end(fields[2], byteorder)) == wanted:
            return int(fields[7])
    return None


def is_loopback(end: End) -> bool:
    """Whether an address is this machine's own, 127.0.0.0/8 or ::1."""
    try:
        return ipaddress.ip_address(_plain(end)[0]).is_loopback
    except ValueError:
        return False


def _plain(end: End) -> End:
    """An IPv4 address that a socket for IPv6 sees is the same address."""
    try:
        address = ipaddress.ip_address(end[0].partition("%")[0])
    except ValueError:
        return end
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address), end[1]


def _end(text: str, byteorder: str) -> End:
    """`0100007F:138E`: words of 32 bits in the machine's order, then the port."""
    address, _, port = text.partition(":")
    try:
        raw = bytes.fromhex(address)
        number = int(port, 16)
    except ValueError:
        return "", 0
    if len(raw) not in (4, 16):
        return "", 0
    if byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return _plain((str(ipaddress.ip_address(raw)), number))
