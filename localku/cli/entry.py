"""`localku`: finds the command and runs it. START PATH: imports nothing that `start` does not need.

The only place, with the commands themselves, that prints errors and sets an exit status.
"""

from __future__ import annotations

import gc
import os
import sys

from localku.errors import UserError

# command -> module with main(argv) -> int; spaces and colons are the same (`ps scale`, `ps:scale`)
COMMANDS = {
    "start": "localku.cli.start",
    "check": "localku.cli.check",
    "ps": "localku.cli.ps",
    "ps:scale": "localku.cli.ps",
    "ps:restart": "localku.cli.ps",
    "ps:stop": "localku.cli.ps",
    "ps:type": "localku.cli.dyno_types",
    "ps:exec": "localku.cli.run",
    "run": "localku.cli.run",
    "run:detached": "localku.cli.run",
    "run:inside": "localku.cli.run",
    "attach": "localku.cli.attach",
    "top": "localku.cli.top",
    "dashboard": "localku.cli.dashboard",
    "load": "localku.load.command",
    "doctor": "localku.check.command",
    "logs": "localku.cli.logs",
    "apps": "localku.cli.apps",
    "apps:create": "localku.cli.apps",
    "apps:info": "localku.cli.apps",
    "apps:destroy": "localku.cli.apps",
    "apps:rename": "localku.cli.apps",
    "apps:source": "localku.cli.apps",
    "whoami": "localku.cli.apps",
    "open": "localku.cli.apps",
    "config": "localku.cli.config",
    "config:get": "localku.cli.config",
    "config:set": "localku.cli.config",
    "config:unset": "localku.cli.config",
    "config:edit": "localku.cli.config_edit",
    "releases": "localku.cli.releases",
    "releases:info": "localku.cli.releases",
    "releases:output": "localku.cli.releases",
    "rollback": "localku.cli.releases",
    "domains": "localku.cli.domains",
    "domains:add": "localku.cli.domains",
    "domains:remove": "localku.cli.domains",
    "domains:clear": "localku.cli.domains",
    "drains": "localku.cli.drains",
    "drains:add": "localku.cli.drains",
    "drains:remove": "localku.cli.drains",
    "features": "localku.cli.features",
    "features:info": "localku.cli.features",
    "features:enable": "localku.cli.features",
    "features:disable": "localku.cli.features",
    "labs": "localku.cli.features",
    "labs:info": "localku.cli.features",
    "labs:enable": "localku.cli.features",
    "labs:disable": "localku.cli.features",
    "platform": "localku.cli.platform",
    "platform:stop": "localku.cli.platform_state",
    "platform:status": "localku.cli.platform_state",
    "completion": "localku.cli.completion",
    "maintenance": "localku.cli.maintenance",
    "maintenance:on": "localku.cli.maintenance",
    "maintenance:off": "localku.cli.maintenance",
    "routing": "localku.cli.maintenance",
    "learn": "localku.lessons.command",
    "learn:init": "localku.lessons.command",
    "learn:list": "localku.lessons.command",
    "learn:read": "localku.lessons.command",
    "learn:verify": "localku.lessons.command",
    "learn:watch": "localku.lessons.command",
    "learn:hint": "localku.lessons.command",
    "learn:reset": "localku.lessons.command",
    "learn:solution": "localku.lessons.command",
    "learn:next": "localku.lessons.command",
    "learn:goto": "localku.lessons.command",
    "certs": "localku.cli.certs",
    "certs:trust": "localku.cli.certs",
    "certs:untrust": "localku.cli.certs",
    "chaos": "localku.cli.chaos",
    "chaos:stop": "localku.cli.chaos",
    "simulate": "localku.cli.simulate",
    "plan": "localku.cli.capacity",
    "env": "localku.cli.env",
    "heroku": "localku.cli.env",
    "help": "localku.cli.usage",
    "version": "localku.cli.usage",
}
ALIASES = {
    "--help": "help",
    "-h": "help",
    "--version": "version",
    "-V": "version",
    "autocomplete": "completion",
    "apps:list": "apps",
    "apps:open": "open",
    "create": "apps:create",
    "destroy": "apps:destroy",
    "dyno:resize": "ps:type",
    "dyno:scale": "ps:scale",
    "info": "apps:info",
    "rename": "apps:rename",
    "releases:rollback": "rollback",
    "restart": "ps:restart",
    "scale": "ps:scale",
    "stop": "ps:stop",
}
# their arguments are another program's
FOREIGN = ("heroku",)


def resolve(argv: list[str]) -> tuple[str, list[str]]:
    """Find the command in `argv`: its name with colons, and the arguments that are left."""
    if not argv:
        return "help", []
    pair = ":".join(argv[:2])
    if len(argv) > 1 and (pair in COMMANDS or pair in ALIASES):
        return ALIASES.get(pair, pair), argv[2:]
    name = ALIASES.get(argv[0], argv[0])
    if name not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean `localku {near[0]}`?" if near else "see `localku help`"
        raise UserError(f"{name} is not a localku command", hint=hint, status=2)
    return name, argv[1:]


def own_words(name: str, rest: list[str]) -> list[str]:
    """The arguments that are localku's: `localku run ls --help` is for ls."""
    end = rest.index("--") if "--" in rest else len(rest)
    if COMMANDS[name] == COMMANDS["run"]:
        end = next((at for at, word in enumerate(rest) if not word.startswith("-")), end)
    return rest[:end]


def keep_standard_streams() -> None:
    """Put /dev/null where a standard stream is closed (`>&-`): the next file that is opened would
    get its number, and be taken for it."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit status. A user's mistake is one line on stderr."""
    keep_standard_streams()
    try:
        name, rest = resolve(sys.argv[1:] if argv is None else argv)
        gc.disable()  # what an import makes is no garbage
        module = __import__(COMMANDS[name], fromlist=["main"])
        gc.enable()
        if name not in FOREIGN and {"-h", "--help"} & set(own_words(name, rest)):
            name, rest = "help", [name]
            module = __import__(COMMANDS["help"], fromlist=["main"])
        return int(module.main(name, rest))
    except UserError as error:
        for line in str(error).splitlines():
            print(f"localku: {line}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # the reader went away (`| head`): that is no mistake, and Python's flush must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
