"""Bytes of an HTTP receiver in, its verdict out (RFC 9112). Pure.

The law: of an answer only the status counts, and no more than MAX_HEAD bytes are ever read for it.
A connection is used again only when the end of the answer is certain: after a Content-Length that
is small, or where there is no body. A receiver can neither keep us busy nor grow in memory.
"""

from __future__ import annotations

import re

MAX_HEAD = 32 << 10  # bytes of all heads of one answer
MAX_BODY = 64 << 10  # bytes that are read past so that the connection can be used again
MAX_INTERIM = 8  # answers of 1xx before the final one

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: [^\r\n]*)?$")
_LENGTH = re.compile(rb"[0-9]{1,9}")


class AnswerError(Exception):
    """It is no answer that can be understood."""


class Answer:
    """Reads one answer. status: of the final head, 0 until that is there. is_over: all of it came,
    and what comes next on its connection is the next answer."""

    __slots__ = ("_body", "_data", "_interim", "_keep", "_length", "_read", "is_over", "status")

    def __init__(self) -> None:
        self.status = 0
        self.is_over = False
        self._data = b""
        self._read = 0
        self._interim = 0
        self._keep = False
        self._body = 0  # bytes of the body so far
        self._length = 0  # that it is to have

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises AnswerError; there is no way to go on then."""
        if not self.status:
            data = self._feed_head(data)
        if not self.status:
            return
        self._body += len(data)
        self.is_over = self._keep and self._body == self._length
        self._keep = self._keep and self._body <= self._length

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing that may still come is worth its connection."""
        return self._body > MAX_BODY

    def _feed_head(self, data: bytes) -> bytes:
        """What is behind the final head, if it is there."""
        self._read += len(data)
        data = self._data + data
        while not self.status:
            head, end, rest = data.partition(b"\r\n\r\n")
            if self._read - (len(rest) if end else 0) > MAX_HEAD:
                raise AnswerError("its answer has a head without end")
            if not end:
                self._check_start(data)
                self._data = data
                return b""
            self._take(head)
            data = rest
        return data

    def _check_start(self, data: bytes) -> None:
        """No need to wait for the end of what is no HTTP."""
        if not b"HTTP/1.".startswith(data[:7]):
            raise AnswerError("its answer is no HTTP")

    def _take(self, head: bytes) -> None:
        line, *fields = head.split(b"\r\n")
        match = _STATUS.match(line)
        if match is None:
            raise AnswerError("its answer is no HTTP")
        status = int(match[2])
        if 100 <= status < 200 and status != 101:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                raise AnswerError("its answer never comes to its end")
            return
        self.status = status
        named: dict[bytes, list[bytes]] = {}
        for field in fields:
            name, _, value = field.partition(b":")
            named.setdefault(name.strip().lower(), []).append(value.strip().lower())
        self._frame(match[1] == b"1", named)

    def _frame(self, is_1_1: bool, fields: dict[bytes, list[bytes]]) -> None:
        """Whether the connection may be kept, and after how many bytes it is free again."""
        options = b",".join(fields.get(b"connection", []))
        closes = b"close" in options or not (is_1_1 or b"keep-alive" in options)
        lengths = set(fields.get(b"content-length", []))
        if closes or self.status == 101 or b"transfer-encoding" in fields:
            return
        if self.status in (204, 304):
            self._keep = True
        elif len(lengths) == 1 and _LENGTH.fullmatch(length := lengths.pop()):
            self._length = int(length)
            self._keep = True
