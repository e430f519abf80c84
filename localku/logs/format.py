"""Entries in, the bytes that a reader sees out. Pure. START PATH.

The law: two processes never share a line. A partial line is shown as it is; when its dyno goes on
before anybody else spoke, the text goes on in the same line; otherwise the line is ended first and
the rest gets a prefix of its own.

heroku   2026-11-23T10:00:00.000000+00:00 app[web.1]: text
short    10:00:00 web.1     | text                            (local time, as foreman and honcho)
json     {"time": ..., "source": "app", "dyno": "web.1", "message": "text"}
"""

from __future__ import annotations

from localku.logs.entry import Entry
from localku.logs.palette import RESET, Palette
from localku.logs.stamp import local_clock, to_micros, utc_second

KINDS = ("heroku", "short", "json")

_MAX_LABELS = 1000  # one-off dynos have ever new names: the cache starts afresh


class Formatter:
    """Formats one stream for one reader, and remembers which line is open.

    kind: one of KINDS. palette: colours for a terminal, or None for plain bytes. Plain bytes have
    the app's text untouched; on a terminal the app's colours end with their line, and a `\\r` is
    followed by the head again. width: columns for the name in the short kind; grows by itself.
    Raises ValueError for another kind.
    """

    __slots__ = ("_encode", "_heads", "_kind", "_open", "_palette", "_second", "_stained", "_width")

    def __init__(
        self, kind: str = "heroku", palette: Palette | None = None, width: int = 0
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"unknown log format {kind!r}: use one of {', '.join(KINDS)}")
        self._kind = kind
        self._palette = palette
        self._width = width
        self._open: tuple[str, str] | None = None
        self._stained = False  # the open line has escape codes that may still be in force
        self._second = -1
        self._heads: dict[tuple[str, str], bytes] = {}
        self._encode = None
        if kind == "json":
            from localku.logs.jsonlines import encode

            self._encode = encode

    def feed(self, entry: Entry) -> bytes:
        """The bytes to write for entry, right after all that was returned before."""
        data = entry.data
        if self._encode is not None:
            return self._encode(entry)
        if not data:
            return b""
        name = (entry.source, entry.dyno)
        head = self._head(entry.time, name)
        stained = self._palette is not None and b"\x1b" in data
        lead = head
        if self._open is not None:
            if entry.continues and self._open == name:
                lead = b""
                stained = stained or self._stained
            else:
                lead = self._newline() + head
        newline = RESET + b"\n" if stained else b"\n"
        if self._palette is not None and b"\r" in data:
            data = data.replace(b"\r", b"\r" + head)  # a progress bar redraws behind its head
        if data[-1] == 10:
            self._open = None
            return lead + data[:-1].replace(b"\n", newline + head) + newline
        self._open = name
        self._stained = stained
        return lead + data.replace(b"\n", newline + head)

    def is_clean(self, number: int) -> bool:
        """Whether the bytes for the next entries depend on nothing but the entries: no line is
        open. number: of the next one."""
        return self._open is None

    def finish(self) -> bytes:
        """What ends an open line; b"" if none is open."""
        if self._open is None:
            return b""
        end = self._newline()
        self._open = None
        return end

    def _newline(self) -> bytes:
        return RESET + b"\n" if self._stained else b"\n"

    def _head(self, moment: float, name: tuple[str, str]) -> bytes:
        second, micros = to_micros(moment)
        if second != self._second or len(self._heads) > _MAX_LABELS:
            self._second = second
            self._heads.clear()
        head = self._heads.get(name)
        if head is None:
            head = self._short(second, name) if self._kind == "short" else self._heroku(name)
            self._heads[name] = head
        return head if self._kind == "short" else head % micros

    def _short(self, second: int, name: tuple[str, str]) -> bytes:
        source, dyno = name
        label = dyno or source
        if len(label) > self._width:
            self._width = len(label)
            self._heads.clear()
        text = f"{local_clock(second)} {label.ljust(self._width)} | ".encode()
        if self._palette is None:
            return text
        return self._palette.code(label) + text + RESET

    def _heroku(self, name: tuple[str, str]) -> bytes:
        """A template of the head: the microseconds are filled in for each entry."""
        source, dyno = name
        label = f"{source}[{dyno}]:" if dyno else f"{source}:"
        text = f"{utc_second(self._second)}.%06d+00:00 {label.replace('%', '%%')}".encode()
        if self._palette is None:
            return text + b" "
        return self._palette.code(dyno or source) + text + RESET + b" "
