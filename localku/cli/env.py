"""`localku env` and `localku heroku`: Heroku's own clients, at the platform that runs here.

The key goes into the environment of the client, never into a command line that others can see.
"""

from __future__ import annotations

import json
import os
import shutil
import sys

from localku.cli import surroundings
from localku.cli.client import Options, no_platform, say
from localku.errors import UserError
from localku.platform import home, key

SHELLS = ("sh", "bash", "zsh", surroundings.FISH)
MISSING = 127  # the exit status of a shell for a command that is not there


def main(name: str, argv: list[str]) -> int:
    """Print the environment (0), or become the installed `heroku` (its status). UserError."""
    return _heroku(argv) if name == "heroku" else _env(name, argv)


def _env(name: str, argv: list[str]) -> int:
    parser = Options(name)
    parser.add_argument("--shell", choices=SHELLS, default="")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-key", action="store_true")
    options = parser.read(argv)
    found = gather(options.root, options.app)
    if options.no_key:
        for each in surroundings.NO_KEY:
            del found[each]
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    shell = options.shell or surroundings.shell_of(os.environ.get("SHELL", ""))
    print("\n".join(surroundings.script(found, shell)))
    if sys.stdout.isatty():
        print('# for this shell: eval "$(localku env)"', file=sys.stderr)
    return 0


def _heroku(argv: list[str]) -> int:
    """All arguments are the client's; where the platform is, LOCALKU_ROOT tells."""
    environ = {**os.environ, **gather(os.environ.get("LOCALKU_ROOT") or ".", "")}
    program = os.environ.get("HEROKU_CLI") or shutil.which("heroku") or ""
    if not program:
        hint = (
            "install it: npm install -g heroku, or https://devcenter.heroku.com/articles/heroku-cli"
        )
        raise UserError("heroku: command not found", hint=hint, status=MISSING)
    if argv[:1] in (["login"], ["auth:login"]):
        del environ["HEROKU_API_KEY"]  # with it there is nothing to log in to, and it says so
    sys.stdout.flush()
    try:
        os.execve(program, ["heroku", *argv], environ)
    except OSError as error:
        raise UserError(f"cannot run it: {error.strerror}", where=program, status=MISSING) from None


def gather(root: str, app: str) -> dict[str, str]:
    """The variables for the platform found from `root` upward. Raises UserError."""
    folder = home.find(root)
    status = home.read_status(folder) if folder else {}
    if not status:
        raise no_platform()
    port = status.get("api", "")
    secret = key.read(key.path_in(folder))
    if not port.isdecimal() or not int(port) or not secret:
        raise UserError(
            "the platform that runs here has no API over TCP",
            hint="stop it, and start it with this localku",
        )
    given = app or os.environ.get("LOCALKU_APP") or os.environ.get("HEROKU_APP") or ""
    ca = _authority(status.get("ca", ""))
    return surroundings.variables(int(port), secret, given or status.get("app", ""), ca)


def _authority(ca: str) -> str:
    """The file of the CA, which is made if need be; "" when there cannot be one."""
    if ca and not os.path.exists(ca):
        from localku.platform import certificate

        try:
            certificate.make_sure(ca)
        except UserError as error:
            say(f"localku: no certificates, so that commands that need TLS will fail: {error}")
            return ""
    return ca
