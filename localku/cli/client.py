"""A command's way to the running platform: finds its control socket, speaks HTTP over it.

Imports are kept few: a command has to feel instant.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import sys
import urllib.parse
from collections.abc import Mapping
from typing import Any, NoReturn

from localku.errors import UserError
from localku.platform import home

TIMEOUT = 30.0  # seconds; the first request has the platform import its server, a fifth of one
USAGE = 2  # the exit status of a command that was written wrongly
ACCEPT = "application/vnd.heroku+json; version=3"


class NoPlatform(UserError):
    """Nobody is there to speak to."""


class NotThere(UserError):
    """The platform has no such thing, or no longer."""


class Options(argparse.ArgumentParser):
    """A command's arguments; a mistake is a UserError. Every command that needs a running platform
    has --root and --app, as `localku start` has them."""

    def __init__(self, name: str) -> None:
        super().__init__(prog=f"localku {name}", add_help=False, allow_abbrev=False)
        self.command = name
        default = os.environ.get("LOCALKU_ROOT") or "."
        self.add_argument("--root", default=default)
        self.add_argument("-a", "--app", default=os.environ.get("LOCALKU_APP", ""))

    def error(self, message: str) -> NoReturn:
        raise UserError(message, hint=f"see `localku help {self.command}`", status=USAGE)

    def read(self, argv: list[str]) -> argparse.Namespace:
        """The arguments, flags and words in any order. Raises UserError(status=2)."""
        return self.parse_intermixed_args(argv)


class Client:
    """Speaks to the platform at a control socket. app: the name of the app that it runs."""

    def __init__(self, path: str, app: str, pid: str = "") -> None:
        self.path = path
        self.app = app
        self.pid = pid
        self.open: socket.socket | None = None  # for the first request

    def at(self, *words: str) -> str:
        """The path of something of the app: `at("dynos", "web.1")` is `/apps/NAME/dynos/web.1`."""
        return "/".join(
            ["/apps", *(urllib.parse.quote(word, safe="") for word in (self.app, *words))]
        )

    def close(self) -> None:
        """Close what is open; it is opened again when it is needed."""
        if self.open is not None:
            self.open.close()
            self.open = None

    def get(self, path: str) -> object:
        """What is there. Raises UserError."""
        return self.request("GET", path)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> object:
        """One exchange; returns the JSON that was answered. Raises UserError."""
        connection = UnixConnection(self.path, self.open)
        self.open = None
        own = {"Accept": ACCEPT, "Content-Type": "application/json", "Connection": "close"}
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, data, {**own, **(headers or {})})
            response = connection.getresponse()
            status, text = response.status, response.read()
        except (ConnectionRefusedError, FileNotFoundError):
            raise no_platform() from None
        except TimeoutError:
            who = f" (pid {self.pid})" if self.pid else ""
            raise UserError(f"the platform{who} does not answer", hint="is it stopped?") from None
        except (OSError, http.client.HTTPException) as error:
            raise UserError(f"the platform went away: {error or type(error).__name__}") from None
        finally:
            connection.close()
        return read_answer(status, text)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket. given: one that is connected already."""

    def __init__(self, path: str, given: socket.socket | None = None) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self.path = path
        if given is not None:
            self.sock = given

    def connect(self) -> None:
        """Connect. Raises OSError."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.path)


def read_answer(status: int, text: bytes) -> object:
    """The JSON of an answer. Raises UserError with the API's message for an error."""
    try:
        value = json.loads(text) if text.strip() else None
    except ValueError:
        value = None
        if status < 400:
            raise UserError("the platform answered something that is no JSON") from None
    if status < 400:
        return value
    if isinstance(value, dict) and isinstance(value.get("message"), str):
        kind = NotThere if status == 404 else UserError
        raise kind(value["message"].rstrip("."))
    raise UserError(f"the platform answered with status {status}")


def no_platform() -> NoPlatform:
    """The error when there is nobody to speak to."""
    return NoPlatform(
        "no app of this folder is running",
        hint="start it with `localku start`, or name its folder with --root",
    )


def connect(options: argparse.Namespace, *, app: bool = True) -> Client:
    """Find the platform: the nearest from --root (or the current folder) upward, then the one of
    `localku platform`; and on it the app. app: whether the command is about one. UserError."""
    root = options.root
    if not os.path.isdir(root):
        raise UserError(f"there is no such folder: {root}", where="--root")
    found = running(root)
    if not found:
        raise no_platform()
    wanted = options.app if app else ""
    for client in found:
        if not wanted or not client.app or client.app == wanted:
            break
    else:
        what = f"the app that runs here is {found[0].app}, not {wanted}"
        raise UserError(what, where="--app")
    if app and not client.app:
        client.app = wanted or choose(as_list(client.get("/apps")), root)
    return client


def running(root: str) -> list[Client]:
    """The platforms that run, nearest first. Their app is "" when they host any number."""
    found = (answering(folder) for folder in home.candidates(root))
    return [client for client in found if client is not None]


def answering(folder: str) -> Client | None:
    """The platform of that state folder, if it runs: one that was killed leaves its announcement,
    but nobody who listens."""
    status = home.read_status(folder)
    if not status:
        return None
    path = status.get("socket") or home.socket_path(folder)
    client = Client(path, status.get("app", ""), status.get("pid", ""))
    connection = UnixConnection(path)
    try:
        connection.connect()
    except (ConnectionRefusedError, FileNotFoundError):
        connection.close()
        return None
    except OSError:
        connection.close()  # it is busy: the request itself will tell
    else:
        client.open = connection.sock
    return client


def choose(apps: list[dict[str, Any]], root: str) -> str:
    """The app that a command means when it names none: the only one, or that of this folder."""
    here = os.path.join(os.path.realpath(root), "")
    roots = {str(app["name"]): code_root(app) for app in apps}
    inside = {
        name: len(path)
        for name, path in roots.items()
        if path and here.startswith(os.path.join(os.path.realpath(path), ""))
    }
    nearest = [name for name in inside if inside[name] == max(inside.values())]
    if len(nearest) == 1:
        return nearest[0]
    if len(roots) == 1:
        return next(iter(roots))
    if not roots:
        hint = "make one with `localku apps:create NAME --root DIR`"
        raise UserError("there is no app on this platform yet", hint=hint)
    names = ", ".join(sorted(nearest or roots))
    raise UserError(f"which app? Here are {names}", hint="name one with -a, or in LOCALKU_APP")


def code_root(app: dict[str, Any]) -> str:
    """The folder of an app's code, "" for an app without any: the API has it as a git_url."""
    return urllib.parse.unquote(str(app.get("git_url")).removeprefix("file://"))


def say(text: str, end: str = "\n") -> None:
    """Something for the person, beside the output: on stderr, at once."""
    print(text, end=end, file=sys.stderr, flush=True)


def done(client: Client, method: str, path: str, body: object = None, end: str = "\n") -> object:
    """Make a request and end the line of progress that says so; returns its answer."""
    try:
        answer = client.request(method, path, body)
    except UserError:
        say(" !")
        raise
    say(" done", end=end)
    return answer


def as_object(answer: object) -> dict[str, Any]:
    """An answer that has to be an object. Raises UserError."""
    if isinstance(answer, dict):
        return answer
    raise UserError("the platform answered something unexpected")


def as_list(answer: object) -> list[dict[str, Any]]:
    """An answer that has to be a list of objects. Raises UserError."""
    if isinstance(answer, list) and all(isinstance(each, dict) for each in answer):
        return answer
    raise UserError("the platform answered something unexpected")
