"""What a trial needs before it starts: a temporary folder, config vars that reach nothing real.

All that is made here is below one folder, which goes away with the stage.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from localku.check import copying, world
from localku.check.order import Order
from localku.check.processes import MARK
from localku.check.standin import StandIn
from localku.errors import UserError

HOOKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hooks")
# where tools of languages look for what is installed, once HOME is another folder
_KEPT: tuple[str, ...] = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "VIRTUAL_ENV", "PYENV_ROOT", "RBENV_ROOT"),
    *("NVM_DIR", "NVM_BIN", "ASDF_DIR", "ASDF_DATA_DIR", "VOLTA_HOME", "GEM_HOME", "GEM_PATH"),
    *("BUNDLE_PATH", "JAVA_HOME", "GOPATH", "GOROOT", "MIX_HOME", "SSL_CERT_FILE"),
)
# npm says and fetches things of its own when it starts an app
_QUIET = {"npm_config_update_notifier": "false"}
_QUIET |= {"NO_UPDATE_NOTIFIER": "1", "npm_config_fund": "false", "npm_config_audit": "false"}
_CALLS = re.compile(r"DSN|WEBHOOK|API|ENDPOINT|CALLBACK", re.I)  # a URL that is called, not shown
_SERVICE_PORTS = (22, 25, 465, 587, 1433, 3306, 5432, 5672, 6379, 9092, 9200, 11211, 27017)
PREFIX, OWNER = "localku-doctor-", "pid"
KEPT_SLUG, KEPT_DATA = "released-app", "released-data"
MOST_FOLDER = 64 << 20  # bytes of a folder outside the app that is copied


@dataclass
class Prepared:
    """Where trials are made. root: the app's folder. folder: a temporary one. config: the app's
    config vars. stands: name of a variable -> its stand-in."""

    root: str
    folder: str
    app: str
    commands: Mapping[str, str]
    config: Mapping[str, str]
    use_services: bool
    boot: float
    grace: float
    denied: set[int]
    stands: dict[str, StandIn] = field(default_factory=dict)
    released: bool = False  # what the release phase made is kept, and is in all later copies

    def __post_init__(self) -> None:
        self.services = world.services(self.config)

    async def open_stands(self) -> None:
        """Open a stand-in for each service that a config var names by its URL."""
        for name, url in self.services.urls.items():
            is_web = url.scheme.lower() in world.WEB
            if is_web and (self.use_services or not (_CALLS.search(name) or url.user)):
                continue
            if self.use_services and not url.port:
                continue
            stand = StandIn((url.host, url.port) if self.use_services else None)
            await stand.open()
            self.stands[name] = stand

    async def close(self) -> None:
        """Close the stand-ins and take the folder away."""
        for stand in self.stands.values():
            await stand.close()
        remove(self.folder)

    def data(self, name: str) -> str:
        """A fresh folder for the files that config vars name, with copies of them."""
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        outside = {**self.services.files, **self.services.paths}
        if self.released:
            shutil.copytree(os.path.join(self.folder, KEPT_DATA), folder, dirs_exist_ok=True)
            return folder
        for number, path in enumerate(outside.values()):
            source = os.path.join(self.root, path)  # an absolute path stays what it is
            target = os.path.join(folder, f"{number}-{os.path.basename(path) or 'data'}")
            if os.path.isdir(source):
                _copy_folder(source, target)
                continue
            for ending in ("", "-wal", "-journal"):
                if os.path.isfile(source + ending):
                    _copy_file(source + ending, target + ending)
        return folder

    def keep_release(self, slug: str, made: Iterable[str], data: str) -> None:
        """Keep what the release phase made, in the copy slug (paths) and in its data: it is run
        once."""
        kept = os.path.join(self.folder, KEPT_SLUG)
        os.makedirs(kept, exist_ok=True)
        for path in made:
            source, target = os.path.join(slug, path), os.path.join(kept, path)
            if os.path.isfile(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)
        shutil.copytree(data, os.path.join(self.folder, KEPT_DATA), dirs_exist_ok=True)
        self.released = True

    def is_changed(self, name: str, path: str) -> bool:
        """Whether the copy of a SQLite file, at path, is not what it was copied from."""
        source = os.path.join(self.root, self.services.files[name])
        try:
            now = os.stat(path)
        except OSError:
            return False
        try:
            before = os.stat(source)
        except OSError:
            return True
        return (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)

    def order(
        self,
        name: str,
        formation: Mapping[str, int],
        data: str,
        changed: Mapping[str, str] | None = None,
        unbuffered: bool = True,
    ) -> Order:
        """A fresh copy of the app, to be run with these dynos. data: of `data`; changed: other
        values of config vars. Raises UserError."""
        work = os.path.join(self.folder, name)
        slug = os.path.join(work, "app")
        copying.copy_app(self.root, slug)
        if self.released:
            kept = os.path.join(self.folder, KEPT_SLUG)
            shutil.copytree(kept, slug, symlinks=True, dirs_exist_ok=True)
        for folder in ("home", "tmp", "localku"):
            os.makedirs(os.path.join(work, folder))
        mark = secrets.token_hex(12)
        config = {**self._config(data, work), **(changed or {}), **self._hooks(work, slug, mark)}
        config.setdefault("PYTHONUNBUFFERED", "1" if unbuffered else "")
        return Order(
            slug=slug,
            work=work,
            app=self.app,
            config=config,
            environ=self._environ(work),
            formation=formation,
            commands=self.commands,
            mark=mark,
            boot=self.boot,
            grace=self.grace,
        )

    def _environ(self, work: str) -> dict[str, str]:
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ.setdefault("PATH", os.defpath)
        base = os.path.join(os.path.expanduser("~"), ".local")
        environ["PYTHONUSERBASE"] = os.environ.get("PYTHONUSERBASE", base)
        environ |= _QUIET
        environ["HOME"] = os.path.join(work, "home")
        environ["TMPDIR"] = os.path.join(work, "tmp")
        environ["LOCALKU_HOME"] = os.path.join(work, "localku")
        return environ

    def _config(self, data: str, work: str) -> dict[str, str]:
        config = {name: value for name, value in self.config.items() if name != "PORT"}
        found = self.services
        for number, (name, path) in enumerate({**found.files, **found.paths}.items()):
            target = os.path.join(data, f"{number}-{os.path.basename(path) or 'data'}")
            is_url = name in found.files
            config[name] = world.sqlite_url(self.config[name], target) if is_url else target
        for name, stand in self.stands.items():
            config[name] = found.urls[name].at("127.0.0.1", stand.port)
        if not self.use_services:
            config |= {name: world.nowhere(value) for name, value in found.hosts.items()}
            # libpq, where no hook looks: without a host it goes nowhere, not to this machine's
            # socket; to a host that stands in the code it wants TLS, with a root that is not there
            root = os.path.join(work, "no-root.crt")
            defaults = (
                ("PGHOST", world.NOWHERE),
                ("PGSSLMODE", "verify-full"),
                ("PGSSLROOTCERT", root),
            )
            config = {**dict(defaults), **config}
        return config

    def _hooks(self, work: str, slug: str, mark: str) -> dict[str, str]:
        denied = self.denied | set(_SERVICE_PORTS)
        own = [os.path.normpath(os.path.join(slug, name)) for name in copying.editable(self.root)]
        python = [HOOKS, *own, *filter(None, [self.config.get("PYTHONPATH", "")])]
        node = f"--require={os.path.join(HOOKS, 'watch.cjs')} {self.config.get('NODE_OPTIONS', '')}"
        return {
            MARK: mark,
            "LOCALKU_DOCTOR_LOG": os.path.join(work, "sights"),
            "LOCALKU_DOCTOR_HOLD": os.path.join(work, "hold"),
            "LOCALKU_DOCTOR_SLUG": os.path.realpath(slug),
            "LOCALKU_DOCTOR_REAL": os.path.realpath(self.root),
            "LOCALKU_DOCTOR_DENIED": ",".join(str(port) for port in sorted(denied)),
            "LOCALKU_DOCTOR_NETWORK": "open" if self.use_services else "",
            "PYTHONPATH": os.pathsep.join(python),
            "PYTHONHASHSEED": self.config.get("PYTHONHASHSEED", "0"),  # the order of sets
            "PYTHONDONTWRITEBYTECODE": "1",  # linked packages must stay as they are
            "NODE_OPTIONS": node.strip(),
        }


def _copy_file(source: str, target: str) -> None:
    """Copy a file that a config var names. Raises UserError."""
    try:
        if os.stat(source).st_size > copying.MAX_BYTES:
            hint = "give the app another one: --env NAME=VALUE"
            raise UserError("a config var names a file larger than 1 GiB", where=source, hint=hint)
        shutil.copy2(source, target)
    except OSError as error:
        raise UserError(f"cannot copy it: {error.strerror or error}", where=source) from None


def _copy_folder(source: str, target: str) -> None:
    """Copy a folder that is not too large; of a large one, or one for everybody's temporary files,
    there is an empty one. What cannot be read, and what is no file, is left out."""
    os.makedirs(target, exist_ok=True)
    if os.path.realpath(source) in (os.path.realpath(tempfile.gettempdir()), "/tmp", "/var/tmp"):  # noqa: S108
        return
    total = 0
    for folder, _, names in os.walk(source):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
        if total > MOST_FOLDER:
            return

    def copy(path: str, place: str) -> None:
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.stat(path).st_mode):
                shutil.copy2(path, place)

    with contextlib.suppress(OSError):
        shutil.copytree(
            source,
            target,
            symlinks=True,
            dirs_exist_ok=True,
            copy_function=copy,
            ignore=shutil.ignore_patterns(f"{PREFIX}*"),  # else it may be copied into itself
        )


def temporary() -> str:
    """A fresh folder, by its real path; those of doctors that were killed are taken away."""
    place = os.path.realpath(tempfile.gettempdir())
    for name in os.listdir(place):
        if name.startswith(PREFIX) and _is_left(os.path.join(place, name)):
            remove(os.path.join(place, name))
    folder = tempfile.mkdtemp(prefix=PREFIX, dir=place)
    with open(os.path.join(folder, OWNER), "w", encoding="ascii") as file:
        file.write(str(os.getpid()))
    return folder


def _is_left(folder: str) -> bool:
    """Whether the doctor that made it, as this user, is gone."""
    try:
        if os.lstat(folder).st_uid != os.getuid():
            return False
        with open(os.path.join(folder, OWNER), encoding="ascii") as file:
            os.kill(int(file.read()), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False


def remove(folder: str) -> None:
    """Take a folder away, also what an app has made unreadable in it."""

    def again(function: object, path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)
            os.chmod(path, 0o700)
            os.unlink(path) if not os.path.isdir(path) else os.rmdir(path)

    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=again)
    else:
        shutil.rmtree(folder, onerror=again)
