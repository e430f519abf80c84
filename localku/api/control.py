"""The control socket: where the API is for localku's own commands. It costs nothing until somebody
asks. The guard is the folder: nobody else may enter it (0700).
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from typing import TYPE_CHECKING

from localku.errors import UserError

if TYPE_CHECKING:
    from localku.api.serving import Serving

BACKLOG = 128
CONNECT_TEST = 1.0  # seconds


class ControlSocket:
    """A door of the API at `path`, from `start` to `close`: a service of the platform."""

    def __init__(self, serving: Serving, path: str) -> None:
        self.path = path
        self._serving = serving
        self._listening: socket.socket | None = None
        self._opening: asyncio.Task[None] | None = None
        self._served = False  # the socket is the server's now, which closes it at its own end

    async def start(self) -> None:
        """Bind now, serve when the first client comes. UserError when the socket cannot be made."""
        loop = asyncio.get_running_loop()
        self._listening = listen(self.path)
        loop.add_reader(self._listening.fileno(), self._first_client)

    def _first_client(self) -> None:
        assert self._listening is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening.fileno())
        self._opening = loop.create_task(self._open(self._listening))

    async def _open(self, listening: socket.socket) -> None:
        try:
            runner = await self._serving.runner()
            from aiohttp.web import SockSite

            await SockSite(runner, listening).start()
            self._served = True
        except Exception:
            listening.close()  # clients that wait are refused

    async def close(self) -> None:
        """Take the door away; the server ends its clients."""
        if self._opening is not None:
            await self._opening
        if self._listening is None:
            return
        if not self._served and self._listening.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._listening.fileno())
            self._listening.close()
        _remove(self.path)


def listen(path: str) -> socket.socket:
    """A listening Unix socket that only this user can reach. Raises UserError.

    A socket file that a dead platform left behind is replaced; one that answers is not.
    """
    _private_folder(os.path.dirname(path))
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(path)
        listening.bind(path)
        os.chmod(path, 0o600)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise UserError(
            f"cannot make the control socket: {error.strerror or error}", where=path
        ) from None
    except UserError:
        listening.close()
        raise
    return listening


def _private_folder(folder: str) -> None:
    """Make the folder if need be, and see that it is ours alone. Raises UserError."""
    if os.path.basename(folder).startswith("localku-"):
        # not in the app's own folder but in a common place: nobody may move it from above
        _own_folder(os.path.dirname(folder), 0o022)
    if _own_folder(folder, 0):
        os.chmod(folder, 0o700)


def _own_folder(folder: str, forbidden: int) -> int:
    """Make a folder unless it is there; returns the rights that others have in it."""
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        owner, mode = os.lstat(folder).st_uid, os.stat(folder).st_mode
    except OSError as error:
        raise UserError(f"cannot use this folder: {error.strerror}", where=folder) from None
    if owner != os.getuid() or mode & forbidden:
        raise UserError("others may change this folder: no control socket in it", where=folder)
    return mode & 0o077


def _clear(path: str) -> None:
    """Remove the socket of a platform that is gone. Raises UserError, OSError."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise UserError("something that is no socket is in the way", where=path, hint="remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_TEST)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            _remove(path)
            return
    raise UserError("another platform answers here", where=path, hint="stop it first")


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
