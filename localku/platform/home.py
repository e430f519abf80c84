"""The `.localku` folder of an app: who runs it, and where its control socket is. START PATH.

The lock is the truth: the kernel drops it with the process, however that ends, so a file that a
dead platform left behind never says "already running". Folder 0700, files 0600, ignored by git.
"""

from __future__ import annotations

import os

from localku.errors import UserError

FOLDER = ".localku"
LOCK, SOCKET, STATUS, DATABASE = "lock", "api.sock", "platform", "state.db"
TAKEN = "localku runs this app already"
TAKEN_HINT = "see `localku ps`, or stop it first"
SUN_PATH = 100  # bytes that fit into a socket address everywhere (unix(7): 108, macOS: 104)


class Home:
    """path: the folder. Open from `claim` to `close`; the lock is held in between."""

    __slots__ = ("_lock", "path", "socket")

    def __init__(self, path: str) -> None:
        self.path = path
        self.socket = socket_path(path)
        self._lock = -1

    @property
    def database(self) -> str:
        """The path of the state."""
        return self._file(DATABASE)

    def claim(self, taken: str = TAKEN, hint: str = TAKEN_HINT) -> None:
        """Make the folder and take the lock. UserError when another platform has it, with these
        words."""
        import fcntl

        try:
            _make_folder(self.path)
            fd = os.open(self._file(LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            # not flock: a lock of the process, which the init process does not inherit
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(fd, 32).decode("ascii", "replace").strip()
            os.close(fd)
            raise UserError(f"{taken} (pid {holder or 'unknown'})", hint=hint) from None
        self._lock = fd
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(f"cannot write the state folder: {error.strerror}", where=self.path)

    def announce(self, app: str, port: int, api: int = 0, ca: str = "") -> None:
        """Write down what the other commands need to find this platform.

        api: the port of the API over TCP. ca: the file with the CA that signs for it, or "".
        """
        text = f"app={app}\nport={port}\npid={os.getpid()}\nsocket={self.socket}\n"
        text += f"api={api}\nca={ca}\n"
        draft = self._file(STATUS + ".new")
        try:
            fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(fd, os.fsencode(text))
            finally:
                os.close(fd)
            os.replace(draft, self._file(STATUS))
        except OSError as error:
            raise self._unwritable(error) from None

    def close(self) -> None:
        """Take away what was announced and let the lock go."""
        if self._lock < 0:
            return
        for path in (self.socket, self._file(STATUS)):
            try:
                os.unlink(path)
            except OSError:
                pass
        os.close(self._lock)
        self._lock = -1

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    ignore = os.path.join(path, ".gitignore")
    try:
        if os.stat(ignore).st_size:
            return
    except FileNotFoundError:
        pass
    fd = os.open(ignore, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, b"*\n")
    finally:
        os.close(fd)


def is_claimed(path: str) -> bool:
    """Whether a platform holds the lock of that state folder."""
    import fcntl

    try:
        fd = os.open(os.path.join(path, LOCK), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def socket_path(folder: str) -> str:
    """Where the control socket of that state folder is: in it, unless its path is too long."""
    path = os.path.join(folder, SOCKET)
    if len(os.fsencode(path)) <= SUN_PATH:
        return path
    import hashlib

    name = hashlib.sha256(os.fsencode(os.path.abspath(folder))).hexdigest()[:16]
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/tmp/localku-{os.getuid()}"):
        path = os.path.join(base, f"localku-{name}", SOCKET)
        if base and len(os.fsencode(path)) <= SUN_PATH:
            break
    return path


def read_status(folder: str) -> dict[str, str]:
    """Read what a platform announced there; empty when none does. OSError is no platform, too."""
    try:
        with open(os.path.join(folder, STATUS), encoding="utf-8", errors="surrogateescape") as file:
            return dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    except OSError:
        return {}


def shared() -> str:
    """The state folder of `localku platform`: LOCALKU_HOME, or ~/.localku."""
    given = os.environ.get("LOCALKU_HOME")
    return os.path.abspath(given) if given else os.path.expanduser(os.path.join("~", FOLDER))


def candidates(start: str) -> list[str]:
    """The state folders in which a platform has announced itself, nearest first: from `start`
    upward, then the shared one."""
    here = os.path.abspath(start)
    folders = []
    while True:
        folders.append(os.path.join(here, FOLDER))
        above = os.path.dirname(here)
        if above == here:
            break
        here = above
    return [folder for folder in dict.fromkeys([*folders, shared()]) if read_status(folder)]


def find(start: str) -> str:
    """The first of the candidates, or ""."""
    return next(iter(candidates(start)), "")
