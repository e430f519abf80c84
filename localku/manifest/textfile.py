"""Reading a small text file that a person wrote: UTF-8, with or without BOM, any line end.

Every way in which it can fail becomes one UserError that names the file. START PATH.
"""

from __future__ import annotations

import errno
import os

from localku.errors import UserError


def decode(data: bytes, name: str) -> str:
    """UTF-8 bytes to text with `\\n` line ends and without a byte order mark.

    name is how the file is called in messages. Raises UserError with the line of the first bad
    byte; the bytes themselves are not shown (they may be a secret).
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as bad:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            where, hint = name, "it looks like UTF-16: save it as UTF-8"
        else:
            line = data.count(b"\n", 0, bad.start) + 1
            where, hint = f"{name}:{line}", "save the file as UTF-8"
        raise UserError("not UTF-8 text", where=where, hint=hint) from None
    return normalise(text)


def normalise(text: str) -> str:
    """Text without a byte order mark, with `\\r\\n` and `\\r` turned into `\\n`."""
    if text.startswith("\ufeff"):
        text = text[1:]
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def read(path: str, name: str) -> str | None:
    """The text of a file, or None when there is no such file.

    path: where it is; name: how messages call it. Raises UserError for a folder, a file that may
    not be read, one that is not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            return decode(file.read(), name)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise UserError(_why(error, path), where=name) from None


def _why(error: OSError, path: str) -> str:
    if error.errno == errno.EISDIR or os.path.isdir(path):
        return "is a folder, not a file"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "may not be read (permission denied)"
    return f"cannot be read: {os.strerror(error.errno or 0)}"
