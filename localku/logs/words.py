"""Words that may be anybody's, made safe for one line. Pure. START PATH.

The law: what a client, a file or a command says cannot end the line that it stands in, nor move a
terminal's cursor, nor turn the direction of the text: no line can pass for another. Whatever does
not print is written as `\\n`, `\\t` or, octet by octet of its UTF-8, `\\x1b`.
"""

from __future__ import annotations

import os

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_KEPT = "\u00a0\u00ad\u200b\u200c\u200d"  # they do not print, and cannot deceive: blanks, joiners


def sentence(text: str) -> bytes:
    """One whole line of text, for a log line of our own; tabs stay."""
    if not text.isprintable():
        text = escaped(text, kept="\t")
    return os.fsencode(text) + b"\n"


def quotable(value: bytes) -> bytes:
    """value for a place between double quotes, as logfmt has it; no tab and no line end stays."""
    text = value.decode("utf-8", "surrogateescape").replace("\\", "\\\\").replace('"', '\\"')
    return escaped(text).encode()


def escaped(text: str, kept: str = "") -> str:
    """text with everything written out that does not print, but for the characters in kept."""
    return "".join(
        each if each.isprintable() or each in _KEPT or each in kept else _written_out(each)
        for each in text
    )


def _written_out(character: str) -> str:
    try:
        octets = character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair, as JSON can have it
        octets = character.encode("utf-8", "surrogatepass")
    return _NAMED.get(character) or "".join(f"\\x{octet:02x}" for octet in octets)
