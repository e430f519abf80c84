"""`localku help` and `localku version`: what there is, and one command in full."""

from __future__ import annotations

import sys

from localku import __version__
from localku.cli import (
    usage_apps,
    usage_chaos,
    usage_check,
    usage_learn,
    usage_load,
    usage_look,
    usage_run,
    usage_simulate,
)
from localku.cli.entry import resolve
from localku.errors import UserError

USAGE = 2  # the exit status of a command that was written wrongly

# group -> command -> one line; only what exists
GROUPS = {
    "Run the app": {
        "start": "run the app of this folder: dynos, router, one log stream",
        "check": "say what is wrong, and what would start, without starting it",
    },
    "Steer it, from a second terminal": {
        "ps": "list the dynos: state, since when, command",
        "ps:scale": "show or change how many dynos of each type run",
        "ps:restart": "restart a dyno, a process type, or all",
        "ps:stop": "stop a dyno or a process type; it starts again by itself",
        "ps:type": "show or change dyno sizes, with their prices on Heroku",
        "ps:exec": "a shell, or a command, in a dyno's environment",
        "run": "run a command with the config vars: a console, a migration",
        "run:detached": "the same in the background; its output goes to the log",
        "run:inside": "run a command in the environment of a dyno",
        "attach": "join a dyno's terminal (pdb, byebug); Ctrl-] leaves",
        "maintenance": "show maintenance mode, in which all requests get a page (H80)",
        "maintenance:on": "switch it on; the dynos run on",
        "maintenance:off": "switch it off",
        "routing": "show or change who gets the next request",
    },
    **usage_look.GROUPS,
    **usage_load.GROUPS,
    **usage_chaos.GROUPS,
    **usage_simulate.GROUPS,
    **usage_check.GROUPS,
    **usage_learn.GROUPS,
    "https on this machine": {
        "certs": "the CA behind `start --tls`, and its certificates",
        "certs:trust": "how browsers and the system come to trust it; or do it",
        "certs:untrust": "take it back",
    },
    "Heroku's own clients": {
        "env": "print what makes them speak to this platform",
        "heroku": "run the installed `heroku` with that",
    },
    **usage_apps.GROUPS,
    "More": {
        "completion": "a script that completes commands in bash, zsh or fish",
        "help": "this, or `localku help COMMAND`",
        "version": "the version of localku",
    },
}

OVERVIEW = """\
localku: the Heroku platform on one laptop.

Usage: localku COMMAND [ARGUMENTS]
{commands}
Examples:
  localku start                 one dyno of each process type in the Procfile
  localku start -m web=2        two web dynos behind the router on port 5006
  localku ps                    what runs
  localku ps:scale web=4        more dynos, while it runs
  localku ps:scale worker+1     one more
  localku ps:restart web.1      one dyno; without web.1 all of them
  localku run python            a console with the app's config vars
  localku attach web.1          the debugger that waits in web.1

Commands are Heroku's: `localku ps:scale web=2` and `localku ps scale web=2` are
the same. `localku help COMMAND` says more.
"""

WHERE = """
The running app is found from this folder upward, then on `localku platform`:
there it is the one of this folder, or the only one.
  --root DIR      look from there
  -a, --app NAME  this app (also LOCALKU_APP)
"""

HELP = {
    **usage_apps.HELP,
    **usage_run.HELP,
    **usage_look.HELP,
    **usage_load.HELP,
    **usage_chaos.HELP,
    **usage_simulate.HELP,
    **usage_check.HELP,
    **usage_learn.HELP,
    "ps": """\
Usage: localku ps [TYPE ...] [--json]

Lists the dynos, all or those of some process types: grouped by what they run,
with their state and since when they are in it. A web dyno is `starting` until
it has bound its port, then `up`; `crashed` is one that ended by itself and will
be started again.

  --json          the dynos as the Platform API has them
""",
    "ps:scale": """\
Usage: localku ps:scale [TYPE=N | TYPE+N | TYPE-N ...] [--json]

Changes how many dynos of a process type run; without arguments shows it. Other
dynos go on. It outlives localku, until -m or formation in localku.yml say
something else than before.

Examples:
  localku ps:scale                 web=1:Standard-1X worker=1:Standard-1X
  localku ps:scale web=3 worker+1  three web dynos, one worker more
  localku ps:scale web=0           no web dyno at all

  --json          the formation as the Platform API has it
""",
    "ps:restart": """\
Usage: localku ps:restart [DYNO | TYPE ...]

Restarts dynos: SIGTERM, time to finish, then a new run. Without arguments all.
It ends the cool-off of a crashed dyno.

Examples:
  localku ps:restart               all dynos
  localku ps:restart web.1         one; also -d web.1
  localku ps:restart web           all of a process type; also -p web
""",
    "ps:stop": """\
Usage: localku ps:stop DYNO | TYPE ...

Stops dynos. As on Heroku, a dyno of the formation then starts again by itself;
`localku ps:scale web=0` keeps a process type down.

Examples:
  localku ps:stop web.1            one; also -d web.1
  localku ps:stop web              all of a process type; also -p web
""",
    "ps:type": """\
Usage: localku ps:type [TYPE=SIZE ... | SIZE] [--json]

Shows the size of each process type, and what the formation would cost on
Heroku; or changes sizes, of some types or of all.

Examples:
  localku ps:type
  localku ps:type web=standard-2x worker=basic
  localku ps:type performance-m
""",
    "attach": """\
Usage: localku attach DYNO

Joins this terminal to the dyno's: what you type is typed there, what it prints
is shown here, and in the log as before. Ctrl-] leaves; nothing is restarted.
Ctrl-C goes to the dyno. For pdb, byebug, a REPL, a full-screen program. The
dyno needs a terminal of its own: it has one when the output of `localku start`
is a terminal, or with --pty. Several terminals may join one dyno.

With a pipe instead of a terminal, its bytes are typed; at its end, and when the
dyno has been silent for half a second, attach ends.

Examples:
  localku attach web.1
  echo 'print(1 + 1)' | localku attach console.1

Exit status: 0 if you left, 1 if the dyno ended or restarted.
""",
    "maintenance": """\
Usage: localku maintenance

Says whether maintenance mode is on. While it is, every request is answered with
status 503 and H80 in the log, and a page: that of MAINTENANCE_PAGE_URL, if that
config var is set. The dynos run on.
""",
    "maintenance:on": "Usage: localku maintenance:on\n",
    "maintenance:off": "Usage: localku maintenance:off\n",
    "routing": """\
Usage: localku routing [POLICY]

Shows or changes how the router chooses the dyno for the next request. It wins
over `localku start --routing` and localku.yml, and outlives localku.

  round-robin        each in turn
  random             any, each as likely: what Heroku does
  least-connections  the one with the fewest requests under way
  two-choices        the less loaded of two random ones
""",
    "certs": """\
Usage: localku certs

Shows the CA that `localku start --tls` makes and uses: its file, fingerprint
and end, and the certificates under it. It lies in ~/.localku/ca (LOCALKU_HOME
chooses another folder than ~/.localku) and can speak for localhost, .test and
the loopback addresses alone: whoever got its key could not pretend to be
anything on the network.
""",
    "certs:trust": """\
Usage: localku certs:trust [--install] [system] [browsers]

Says what to run so that this system (curl, wget, Go, ...), Chromium and Firefox
trust the CA, and what Python, Node and curl take for one run. Changes nothing
without --install.

  --install       do it, as far as it can be done without a password, and say
                  what was done; exit status 1 if something was not
  system          only the system's store
  browsers        only the browsers' (NSS; needs certutil)
""",
    "certs:untrust": """\
Usage: localku certs:untrust [system] [browsers]

Takes the CA out of the stores that certs:trust --install put it into. To end it
for good, remove ~/.localku/ca as well.
""",
    "env": """\
Usage: localku env [--shell sh|fish] [--no-key] [--json]

Prints variables that make Heroku's own CLI, and every program that it starts,
speak to the platform that runs here, in the language of your shell ($SHELL):

  eval "$(localku env)"        bash, zsh, sh
  localku env | source         fish

Then `heroku ps`, `heroku config:set A=1`, ... are about the app that runs here.
Among them is the key of the API (HEROKU_API_KEY), which may do everything: do
not show them around.

  --shell SHELL   for another shell: sh, bash, zsh or fish
  --no-key        without the key, for `heroku login`
  --json          one JSON object
""",
    "heroku": """\
Usage: localku heroku COMMAND [ARGUMENTS]

Runs the installed `heroku` (HEROKU_CLI names another one) in the environment
that `localku env` prints; everything behind `heroku` is handed to it as it is.

Examples:
  localku heroku ps
  localku heroku config:set GREETING="hello world"
  localku heroku logs --tail

The running app is found from this folder, or from LOCALKU_ROOT, upward.
""",
    "completion": """\
Usage: localku completion bash|zsh|fish

Prints a script that completes commands, and the names of apps, dynos, process
types, config vars and releases, for which it asks the running platform.

  eval "$(localku completion bash)"       in ~/.bashrc
  eval "$(localku completion zsh)"        in ~/.zshrc
  localku completion fish | source        in config.fish
""",
    "help": "Usage: localku help [COMMAND]\n",
    "version": "Usage: localku version\n",
}
# they need a running app
AT_WORK: tuple[str, ...] = (
    "ps",
    "top",
    "run",
    "attach",
    "dashboard",
    "routing",
    "maintenance",
    "logs",
    "load",
    "config",
    "releases",
    "rollback",
)
AT_WORK += ("chaos", "env", "domains", "features", "labs", "open", "apps:info")


def main(name: str, argv: list[str]) -> int:
    """Print help or version. Raises UserError for a command that there is not."""
    if name == "version":
        print(f"localku {__version__}")
        return 0
    words = [word for word in argv if not word.startswith("-")]
    if not words:
        sys.stdout.write(overview())
        return 0
    command, rest = resolve(words)
    if rest:
        raise UserError(f"help takes one command, not {' '.join(words)}", status=USAGE)
    sys.stdout.write(text(command))
    return 0


def overview() -> str:
    """All commands."""
    lines = []
    for group, commands in GROUPS.items():
        lines += ["", f"{group}:"]
        lines += [f"  {command:16} {line}" for command, line in commands.items()]
    return OVERVIEW.format(commands="\n".join(lines) + "\n")


def text(command: str) -> str:
    """The help of one command."""
    if command in ("start", "check"):
        from localku.cli import helptext

        return helptext.start_help() if command == "start" else helptext.check_help()
    return HELP[command] + (WHERE if command.startswith(AT_WORK) else "")
