"""`localku run`, `run:detached`, `run:inside` and `ps:exec`: a command as a one-off dyno.

Words and output are those of Heroku's CLI. Progress is on stderr; stdout is the command's alone.
"""

from __future__ import annotations

import argparse
import os

from localku.cli import terminal
from localku.cli.client import USAGE, Client, Options, as_object, connect, done, say
from localku.cli.runwords import joined, read_env, split, without_app
from localku.errors import UserError

INHERITED = ("TERM", "COLORTERM")  # what the command has to know of this terminal


def main(name: str, argv: list[str]) -> int:
    """Run one of the four; returns the command's exit status. Raises UserError."""
    flags, words = split(argv)
    options = _parser(name).read(flags)
    words, app = without_app(words)
    options.app = app or options.app
    dyno = ""
    if name == "run:inside":
        if not words:
            raise UserError("inside which dyno?", hint="localku run:inside web.1 CMD", status=USAGE)
        dyno, *words = words
    elif name == "ps:exec":
        dyno = options.dyno if "." in options.dyno else f"{options.dyno}.1"
        words = words or [os.environ.get("SHELL") or "bash"]
    if words[:1] == ["--"]:
        del words[0]
    if not words:
        raise UserError("run which command?", hint=f"localku {name} CMD", status=USAGE)
    client = connect(options)
    if name == "run:detached":
        return detached(client, options, joined(words))
    return attached(client, options, joined(words), dyno)


def _parser(name: str) -> Options:
    parser = Options(name)
    parser.add_argument("-e", "--env", default="")
    if name != "run:detached":
        parser.add_argument("--no-tty", action="store_true")
        # what it asks for is always so here
        parser.add_argument("-x", "--exit-code", "--exit-status", action="store_true")
    if name in ("run", "run:detached"):
        parser.add_argument("-s", "--size", default="")
        parser.add_argument("--type", default="")
    if name == "ps:exec":
        parser.add_argument("-d", "--dyno", default="web.1")
    return parser


def _body(options: argparse.Namespace, command: str, env: dict[str, str]) -> dict[str, object]:
    body: dict[str, object] = {"command": command, "env": {**env, **read_env(options.env)}}
    for name in ("size", "type"):
        if getattr(options, name, ""):
            body[name] = getattr(options, name)
    return body


def detached(client: Client, options: argparse.Namespace, command: str) -> int:
    """Start it and go; it speaks to the log."""
    body = _body(options, command, {})
    say(f"Running {command} on ⬢ {client.app}...", end="")
    answer = as_object(done(client, "POST", client.at("dynos"), body, end=","))
    say(f" {answer['name']}")
    print(f"Run localku logs --app {client.app} --dyno {answer['name']} to view the output.")
    return 0


def attached(client: Client, options: argparse.Namespace, command: str, dyno: str) -> int:
    """Be its terminal until it ends."""
    from localku.cli.session import Session
    from localku.cli.websocket import Refused, WebSocket

    keys = not options.no_tty and os.isatty(terminal.STDIN) and os.isatty(terminal.STDOUT)
    env = {name: os.environ[name] for name in INHERITED if name in os.environ} if keys else {}
    body = {**_body(options, command, env), "attach": True, "force_no_tty": not keys}
    path = client.at("dynos", dyno) if dyno else client.at("dynos")
    say(f"Running {command} on ⬢ {client.app}...", end="")
    try:
        name = str(as_object(client.request("POST", path, body))["name"])
        path = "/localku" + client.at("dynos", name, "run")
        size = terminal.size() if keys else None
        query = f"?rows={size[0]}&columns={size[1]}" if size else ""
        try:
            socket = WebSocket(client.path, path + query)
        except Refused:
            client.get(path)
            raise UserError("the platform would not attach us", hint="try again") from None
        except OSError as error:
            raise UserError(f"the platform went away: {error.strerror or error}") from None
    except UserError:
        say(" !")
        raise
    say(f" up, {name}")
    try:
        return Session(socket, keys=keys).run()
    finally:
        socket.close()
