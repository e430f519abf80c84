"""`localku start --help` and `localku check --help`. The flags come from the table of settings."""

from __future__ import annotations

from localku.manifest.settings_docs import help_lines

_START = """\
Usage: localku start [FLAGS] [TYPE ...]

Runs the app in this folder as Heroku would: the process types of its Procfile
as dynos, a router in front of the web dynos, and one log stream. With TYPEs,
only those are started (web, or web=2 for two dynos of it).

Examples:
  localku start                        one dyno of each process type
  localku start web                    only web; its port stays the same
  localku start -m web=3,worker=2      three web dynos behind the router
  localku start -m all=0,web=1         nothing but one web dyno
  localku start --watch                restart what changes
  localku start -e .env,.env.test      two files of config vars
  localku start --grace web=5s         SIGKILL web dynos after 5 seconds
  localku start --exit-on-crash        in CI: the first crash ends it all
"""

_RULES = """\

Process types:
  One dyno of each, unless --formation or localku.yml says otherwise. `release`
  is not started, unless you name it.

Config vars:
  .env wins over the environment of this shell, as it does in heroku local; of
  several files the later wins. Under it come env: in localku.yml, then the
  environment, then app.json. KEY=value, quotes, "line one\\nline two" and
  ${OTHER} are understood; what stands in 'single quotes' is taken as it is.

Ports:
  The router listens on the first of -p, LOCALKU_PORT, PORT in .env, PORT in
  the environment, port: in localku.yml, and 5006. Each dyno gets a PORT of its
  own: with the router on 5006 the first process type has 5106, 5107, ..., the
  second 5206, 5207, ..., whichever of them are started. The Platform API is on
  the port after the router's, or on a free one when that is taken. With --tls
  there is https, too, on 5443; see localku help certs.

Signals:
  Ctrl-C once (or SIGTERM, or a closed terminal) stops the dynos in peace:
  SIGTERM to all, SIGKILL after --shutdown-grace. Ctrl-C twice kills at once.

Settings:
  Flag, then LOCALKU_* variable (--boot-timeout is LOCALKU_BOOT_TIMEOUT), then
  localku.yml (boot_timeout: 20s), then app.json, then the [default].
  TIME is 30, 30s, 500ms, 1.5m or 1h; SIZE is 512MB or 1GB. --memory, --health,
  --health-timeout, --boot-timeout, --grace and --watch-pattern also take
  TYPE=VALUE. --pty and other switches have a --no- form.
"""

_CHECK = """\
Usage: localku check [FLAGS] [TYPE ...]

Reads what `localku start` with the same flags would read (Procfile, .env,
localku.yml, app.json, LOCALKU_* variables) and starts nothing. It says what is
wrong, with file and line; what works here but not on Heroku or under honcho,
foreman and heroku local; and what would be started. No values of config vars
are shown. Exit status: 0 if all is well, 1 if not, 2 for a bad flag.
"""


def start_help() -> str:
    """The help of `localku start`: 80 columns, ended by a newline."""
    return _START + _RULES + "\n".join(help_lines()) + "\n"


def check_help() -> str:
    """The help of `localku check`."""
    return f"{_CHECK}\nThe flags are those of localku start: see localku start --help.\n"
