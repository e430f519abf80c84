"""TLS under a client's connection: who we are by server name, and a socket that Wire can use.

Imported with --tls alone: `ssl` costs the plain path nothing. TLS 1.2 at the least, no
renegotiation (so that only a read can want to read, and only a write to write).
"""

from __future__ import annotations

import ssl
from _socket import SO_LINGER
from _socket import socket as Socket
from collections.abc import Mapping, Sequence
from socket import socket as PySocket
from typing import cast

HTTP1 = ("http/1.1",)
HTTP2 = ("h2", "http/1.1")
_RECORD = 16_384  # bytes of a TLS record at the most (RFC 8446 section 5.1)


class Identities:
    """The certificates that clients are shown, one for each host (SNI, RFC 6066 section 3).

    files: host -> path of a PEM file with its key and its chain. default: the host whose
    certificate a client gets that names none, or one that we do not know. protocols: for ALPN, the
    preferred first.
    """

    def __init__(
        self, files: Mapping[str, str], default: str, protocols: Sequence[str] = HTTP1
    ) -> None:
        """Raises OSError (ssl.SSLError among them) for a file that is not what it should be."""
        self._protocols = list(protocols)
        self._default = self._context(files[default])
        self._default.sni_callback = self._choose
        self._by_host: dict[str, ssl.SSLContext] = {}
        self.replace(files)

    def replace(self, files: Mapping[str, str]) -> None:
        """Show these from now on. The default stays; open connections are not disturbed."""
        self._by_host = {host: self._context(path) for host, path in files.items()}

    def _context(self, path: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        context.set_alpn_protocols(self._protocols)
        context.load_cert_chain(path)
        return context

    def _choose(self, sock: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        context = self._by_host.get(name.lower()) if name else None
        if context is not None:
            sock.context = context

    def secure(self, sock: Socket) -> TlsSocket:
        """Our end of TLS on an accepted, non-blocking socket, which it takes over.

        Raises OSError when the client has gone; the socket is closed then.
        """
        return TlsSocket(
            self._default.wrap_socket(
                cast(PySocket, sock), server_side=True, do_handshake_on_connect=False
            )
        )


class TlsSocket:
    """What Wire expects of a non-blocking socket, with TLS underneath.

    A client that sends on behind our end (Wire.finish) is read without being deciphered: it is only
    to be drained.
    """

    __slots__ = ("_broken", "_sock", "close", "fileno", "handshake")

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._sock = sock
        self._broken = False
        self.fileno = sock.fileno
        self.close = sock.close
        self.handshake = sock.do_handshake

    @property
    def protocol(self) -> str:
        """What ALPN has settled, "" for nothing."""
        return self._sock.selected_alpn_protocol() or ""

    def recv(self, size: int) -> bytes:
        """At most one record. Raises BlockingIOError when nothing whole is there."""
        try:
            return self._sock.recv(size)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None

    def recv_into(self, buffer: memoryview) -> int:
        """As many records as are there and fit."""
        read = self._sock.recv_into
        try:
            got = last = read(buffer)
        except ssl.SSLWantReadError:
            raise BlockingIOError from None
        try:
            while last == _RECORD and len(buffer) - got >= _RECORD:
                last = read(buffer[got:])
                got += last
        except OSError:  # the next read tells, if it is more than having to wait
            pass
        return got

    def send(self, data: bytes | memoryview) -> int:
        """As many records as fit. What was not taken must be the beginning of the next send()."""
        write = self._sock.send
        try:
            sent = write(data)
        except ssl.SSLWantWriteError:
            raise BlockingIOError from None
        size = len(data)
        if sent < size:
            view = memoryview(data)
            try:
                while sent < size:
                    sent += write(view[sent:])
            except ssl.SSLWantWriteError:
                pass
        return sent

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """SO_LINGER says that the end is to be a reset: there is no close_notify before it."""
        self._broken = self._broken or option == SO_LINGER
        self._sock.setsockopt(level, option, value)

    def say_end(self) -> None:
        """Send close_notify (RFC 8446 section 6.1): all that came before it was all."""
        if self._broken:
            return
        self._broken = True
        try:
            self._sock.unwrap()
        except (OSError, ValueError):
            pass  # it is sent, or nobody is there to read it; what the client says matters no more

    def shutdown(self, how: int) -> None:
        """close_notify, then the end of the TCP stream."""
        self.say_end()
        self._sock.shutdown(how)
