"""Help of the commands that run one-off dynos."""

from __future__ import annotations

HELP = {
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
}
