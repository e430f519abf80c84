"""Entries as records of a file, and back, however the file was damaged. Pure.

    localku-history 1 8f3a6c21                                      the head: its nonce
    ~81 0 1790000000.123456 0 6 1d2e3f40 app web.1\\nhello\\n\\n          a record, for each entry
    =00000000000000000081 0000001234 5a6b7c8d\\n                      a seal, after each writing

The law: a record counts only with its checksum. What is between two good ones is damage: its bytes
are counted, and the reading goes on behind it. The nonce goes into every checksum, so that no app
can write a line which is taken for a record when a damaged place is searched.
"""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Iterable

from localku.logs.entry import Entry, Rest
from localku.logs.losses import count_lines

_MAGIC = b"localku-history 1 "
HEAD_SIZE = len(_MAGIC) + 9
SEAL_SIZE = 1 + 20 + 1 + 10 + 1 + 8 + 1
_MAX_OPENING = 512  # bytes of the first line of a record
_RECORD, _SEAL = b"~="
_BEGINNING = re.compile(rb"[~=]")
_PATIENCE = 128 << 20  # bytes that records which are none may have us look at


class Found:
    """What a file has. number: of its newest entry; lines: of all entries; end: where the last good
    record or seal ends; damaged: bytes in between that are none."""

    __slots__ = ("damaged", "end", "entries", "lines", "number")

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.number = 0
        self.lines = 0
        self.end = 0
        self.damaged = 0


def head(nonce: int) -> bytes:
    """The first line of a file. nonce: 32 bits that nobody can guess."""
    return b"%b%08x\n" % (_MAGIC, nonce)


def read_head(data: bytes) -> int | None:
    """The nonce of a file that begins like this; None when it is none of ours."""
    if not data.startswith(_MAGIC) or data[HEAD_SIZE - 1 : HEAD_SIZE] != b"\n":
        return None
    return _hex(data[len(_MAGIC) : HEAD_SIZE - 1])


def encode(entries: Iterable[Entry], nonce: int) -> bytes:
    """The records of entries."""
    return b"".join(_record(entry, nonce) for entry in entries)


def _record(entry: Entry, nonce: int) -> bytes:
    who = f"{entry.source} {entry.dyno}".replace("\n", " ").encode("utf-8", "surrogateescape")[:300]
    data = entry.data
    shape = (entry.number, entry.skipped, entry.time, entry.continues, len(data))
    opening = b"~%d %d %a %d %d " % shape
    check = crc32(data, crc32(who, crc32(opening, nonce)))
    return b"%b%08x %b\n%b\n" % (opening, check, who, data)


def seal(number: int, lines: int, nonce: int) -> bytes:
    """What closes a writing. number: of the newest entry. lines: in the file so far."""
    text = b"=%020d %010d " % (number, lines)
    return b"%b%08x\n" % (text, crc32(text, nonce))


def read_seal(data: bytes, nonce: int) -> tuple[int, int] | None:
    """number and lines of a seal; None for what is none."""
    if len(data) != SEAL_SIZE or data[:1] != b"=" or data[-1:] != b"\n":
        return None
    text, check = data[:-9], _hex(data[-9:-1])
    if check is None or crc32(text, nonce) != check:
        return None
    return int(text[1:21]), int(text[22:32])


def decode(data: bytes) -> Found | None:
    """All that is good in a file; None when it has no head of ours."""
    nonce = read_head(data)
    if nonce is None:
        return None
    found = Found()
    found.end = place = HEAD_SIZE
    while place < len(data):
        end = _take(data, place, nonce, found)
        if end:
            found.end = place = end
            continue
        start = place
        place = _next(data, start, nonce)
        found.damaged += place - start
    return found


def _next(data: bytes, start: int, nonce: int) -> int:
    """Where the next good record or seal begins, or the end of data."""
    trial = Found()
    patience = _PATIENCE
    for match in _BEGINNING.finditer(data, start + 1):
        place = match.start()
        if _take(data, place, nonce, trial):
            return place
        patience -= _MAX_OPENING + _claimed(data[place : place + _MAX_OPENING])
        if patience < 0:
            break
    return len(data)


def _claimed(opening: bytes) -> int:
    """How many bytes a record that is none had us look at."""
    words = opening.split(b" ", 5)
    size = words[4] if len(words) > 4 and len(words[4]) < 9 else b""
    return int(size) if size.isdigit() else 0


def _take(data: bytes, place: int, nonce: int, found: Found) -> int:
    """Add what begins at place to found; returns where it ends, 0 when it is not good."""
    if data[place] == _SEAL:
        end = place + SEAL_SIZE
        return end if read_seal(data[place:end], nonce) is not None else 0
    return _take_record(data, place, nonce, found) if data[place] == _RECORD else 0


def _take_record(data: bytes, place: int, nonce: int, found: Found) -> int:
    newline = data.find(b"\n", place, place + _MAX_OPENING)
    words = data[place:newline].split(b" ", 7)
    if newline < 0 or len(words) != 8 or len(words[4]) > 8:
        return 0
    number, skipped, moment, continues, size, check, source, dyno = words
    try:
        start, end = newline + 1, newline + 1 + int(size)
        text = data[start:end]
        opening = data[place : newline - len(dyno) - len(source) - len(check) - 2]
        good = crc32(text, crc32(b"%b %b" % (source, dyno), crc32(opening, nonce)))
        if good != int(check, 16) or data[end : end + 1] != b"\n":
            return 0
        entry = Entry(float(moment), _text(source), _text(dyno), text, continues == b"1")
        entry.number = int(number[1:])
        if skipped != b"0":
            entry = Rest(entry, text, int(skipped))
    except ValueError:
        return 0
    found.entries.append(entry)
    found.number = max(found.number, entry.number)
    found.lines += count_lines(entry)
    return end + 1


def _text(word: bytes) -> str:
    return word.decode("utf-8", "surrogateescape")


def _hex(word: bytes) -> int | None:
    try:
        return int(word, 16)
    except ValueError:
        return None
