"""The key of a platform's API: who can read this file may steer the platform.

Made once and kept, so that what a client has remembered (`heroku login`) is good after a restart.
"""

from __future__ import annotations

import os

from localku.errors import UserError

FILE = "api-key"
BYTES = 32  # of randomness
LENGTH = 2 * BYTES


def path_in(folder: str) -> str:
    """Where the key of that state folder is."""
    return os.path.join(folder, FILE)


def read(path: str) -> str:
    """The key, or "" when there is none yet."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(LENGTH + 2).strip()
    except OSError:
        return ""


def keep(path: str) -> str:
    """The key; made when there is none, or none that can be used. Raises UserError.

    For the platform that holds the lock of the folder: nobody else makes one meanwhile.
    """
    try:
        known = read(path)
        if is_key(known):
            os.chmod(path, 0o600)
            return known
        key = os.urandom(BYTES).hex()
        draft = path + ".new"
        fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(fd, 0o600)
            os.write(fd, key.encode() + b"\n")
        finally:
            os.close(fd)
        os.replace(draft, path)
    except OSError as error:
        raise UserError(f"cannot write the API's key: {error.strerror}", where=path) from None
    return key


def is_key(text: str) -> bool:
    """Whether it can be one of ours; half a file is none."""
    return len(text) == LENGTH and all(letter in "0123456789abcdef" for letter in text)
