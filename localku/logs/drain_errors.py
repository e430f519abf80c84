"""What went wrong with a drain, in a few words for people. Pure but for the error classes."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl

MAX_WORDS = 200  # letters

_NAMED = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.ENETUNREACH: "network is unreachable",
    errno.EHOSTUNREACH: "host is unreachable",
}


class DrainError(Exception):
    """A batch was not taken. certificate: because the receiver's is not trusted (L14).
    refused: the receiver will never take it."""

    def __init__(self, why: str, *, certificate: bool = False, refused: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.certificate = certificate
        self.refused = refused


def explain(error: BaseException) -> DrainError:
    """Any error of a network, in words."""
    if isinstance(error, DrainError):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return DrainError(error.verify_message or "bad certificate", certificate=True)
    if isinstance(error, ssl.CertificateError):
        return DrainError(_clean(str(error)), certificate=True)
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or str(error)
        return DrainError(f"TLS: {_clean(reason).replace('_', ' ').lower()}")
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return DrainError("no answer in time")
    if isinstance(error, socket.gaierror):
        return DrainError("host not found")
    if isinstance(error, OSError) and error.errno:
        return DrainError(_NAMED.get(error.errno) or os.strerror(error.errno).lower())
    if isinstance(error, ConnectionError):
        return DrainError("connection reset")
    return DrainError(_clean(str(error)) or type(error).__name__)


def _clean(text: str) -> str:
    """One line that can hold nothing but letters, whatever the receiver sent."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:MAX_WORDS]
