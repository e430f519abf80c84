"""`localku help` and `localku version`: what there is, and one command in full."""

from __future__ import annotations

import sys

from localku import __version__
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
        "ps:exec": "a shell, or a command, in a dyno's environment",
        "run": "run a command with the app's config vars: a console, a migration",
        "run:detached": "the same in the background; its output goes to the log",
        "run:inside": "run a command in the environment of a dyno",
        "attach": "join a dyno's terminal (pdb, byebug); Ctrl-] leaves",
        "maintenance": "show maintenance mode, in which all requests get a page (H80)",
        "maintenance:on": "switch it on; the dynos run on",
        "maintenance:off": "switch it off",
        "routing": "show or change who gets the next request",
    },
    "More": {
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
The running app is found from this folder upward.
  --root DIR      look from there
  -a, --app NAME  refuse if it is not this app
"""

HELP = {
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
dynos go on. It lasts until localku ends: `localku start -m web=2`, or formation
in localku.yml, is for always.

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
    "ps:exec": """\
Usage: localku ps:exec [-d DYNO] [FLAGS] [COMMAND ...]

Runs a command in a dyno's environment: its config vars, its PORT, its DYNO.
Without a command a shell, $SHELL or bash; without -d the dyno is web.1.

  -d, --dyno DYNO  another dyno
  -e, --env VARS   more variables, as A=1;B=2
  --no-tty         no terminal for the command, even if there is one here

Examples:
  localku ps:exec
  localku ps:exec -d worker.1 env
""",
    "run": """\
Usage: localku run [FLAGS] COMMAND [ARGUMENTS]

Runs a command as a one-off dyno: with the app's config vars, in its folder, by
bash. It has this terminal: colors, window size, Ctrl-C and full-screen programs
work. With a pipe in place of a terminal, bytes go through as they are, stderr
by itself, and the end of stdin is the command's. When this terminal goes, the
command gets SIGHUP. `localku ps` lists it while it runs; `ps:stop` ends it.

The name of a process type stands for its command: `localku run worker 42` runs
that of worker, with 42 behind it. Flags come before the command; what follows
is the command's. Of several words, those with a space or " in them are put into
double quotes, as Heroku's CLI does: for all else quote the whole command.

  -e, --env VARS   more variables, as A=1;B=2
  -s, --size SIZE  the dyno size that `localku ps` shows
  --type TYPE      the process type, in place of run
  --no-tty         no terminal for the command, even if there is one here
  -x, --exit-code  nothing: the exit status always passes through here

Examples:
  localku run python manage.py migrate
  localku run bash
  localku run 'echo $GREETING | tr a-z A-Z'
  localku run psql < dump.sql

Exit status: the command's; 128 + N for a death by signal N.
""",
    "run:detached": """\
Usage: localku run:detached [FLAGS] COMMAND [ARGUMENTS]

Runs a command as a one-off dyno in the background. What it says goes to the log
as app[run.N], and its exit status as heroku[run.N].

  -e, --env VARS   more variables, as A=1;B=2
  -s, --size SIZE  the dyno size that `localku ps` shows
  --type TYPE      the process type, in place of run
""",
    "run:inside": """\
Usage: localku run:inside [FLAGS] DYNO COMMAND [ARGUMENTS]

Runs a command in the environment of a dyno: its config vars, its PORT, its
DYNO. All else is as in `localku run`.

  -e, --env VARS   more variables, as A=1;B=2
  --no-tty         no terminal for the command, even if there is one here

Example:
  localku run:inside web.1 'curl -s localhost:$PORT'
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

Shows or changes how the router chooses the dyno for the next request; it lasts
until localku ends (`localku start --routing`, or routing in localku.yml, is for
always).

  round-robin        each in turn
  random             any, each as likely: what Heroku does
  least-connections  the one with the fewest requests under way
  two-choices        the less loaded of two random ones
""",
    "help": "Usage: localku help [COMMAND]\n",
    "version": "Usage: localku version\n",
}
# they need a running app
AT_WORK = ("ps", "run", "attach", "routing", "maintenance")


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
        lines += [f"  {command:12} {line}" for command, line in commands.items()]
    return OVERVIEW.format(commands="\n".join(lines) + "\n")


def text(command: str) -> str:
    """The help of one command."""
    if command in ("start", "check"):
        from localku.cli import helptext

        return helptext.start_help() if command == "start" else helptext.check_help()
    return HELP[command] + (WHERE if command.startswith(AT_WORK) else "")
