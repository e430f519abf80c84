"""The control socket: where the API is. It costs nothing until somebody asks.

aiohttp takes 150 to 210 ms to import, so that waits for the first client, and then happens in
a thread while router and logs go on. The guard is the folder: nobody else may enter it (0700).
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from typing import TYPE_CHECKING

from localku.errors import UserError

if TYPE_CHECKING:
    from types import ModuleType

    from aiohttp.web import AppRunner

    from localku.api.host import Host

BACKLOG = 128
CONNECT_TEST = 1.0  # seconds


class ControlSocket:
    """Serves the API of `platform` at `path` from `start` to `close`: a service of the platform."""

    def __init__(self, platform: Host, path: str) -> None:
        self.platform = platform
        self.path = path
        self._listening: socket.socket | None = None
        self._runner: AppRunner | None = None
        self._serving: asyncio.Task[None] | None = None
        self._started = 0.0

    async def start(self) -> None:
        """Bind now, serve when the first client comes. UserError when the socket cannot be made."""
        loop = asyncio.get_running_loop()
        self._started = loop.time()
        self._listening = listen(self.path)
        loop.add_reader(self._listening.fileno(), self._first_client)

    def _first_client(self) -> None:
        assert self._listening is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening.fileno())
        self._serving = loop.create_task(self._serve(self._listening))

    async def _serve(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.run_in_executor(None, _import_server)
            self._runner = await server.serve(self.platform, self._started, listening)
        except Exception as error:
            # the app goes on without its API; whoever asks for it is refused at once
            self.platform.say(f"The API cannot be served: {type(error).__name__}: {error}")
            listening.close()

    async def close(self) -> None:
        """End it: clients at work get a moment, attached terminals are told."""
        if self._serving is not None:
            await self._serving
        if self._runner is not None:
            await self._runner.cleanup()
        if self._listening is not None:
            if self._listening.fileno() >= 0:
                asyncio.get_running_loop().remove_reader(self._listening.fileno())
            self._listening.close()
            _remove(self.path)


def _import_server() -> ModuleType:
    from localku.api import server

    return server


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
