"""Help of the commands about apps, config vars, releases, domains and features."""

from __future__ import annotations

GROUPS = {
    "Config vars and releases": {
        "config": "show the config vars; -s as lines for a shell or a .env file",
        "config:get": "print one value",
        "config:set": "set some: a new release, and the dynos restart",
        "config:unset": "remove some",
        "config:edit": "edit all of them in your editor",
        "releases": "list the releases",
        "releases:info": "show one, and its config vars",
        "releases:output": "print what its release command said",
        "rollback": "make a new release from an old one",
    },
    "How the app is reached": {
        "domains": "list the names of the app",
        "domains:add": "give it a name more",
        "domains:remove": "take a name away",
        "domains:clear": "take all custom names away",
        "open": "open the app in the browser",
        "features": "list what can be switched (preboot, session affinity)",
        "features:info": "show one feature",
        "features:enable": "switch it on",
        "features:disable": "switch it off",
        "labs": "the same for features that Heroku calls experimental",
        "labs:info": "show one of them",
        "labs:enable": "switch it on",
        "labs:disable": "switch it off",
    },
    "Where the log goes": {
        "drains": "list the log drains, and what became of the lines",
        "drains:add": "send the log to a URL, too: https, http, syslog, syslog+tls",
        "drains:remove": "send it there no more",
    },
    "Many apps side by side": {
        "platform": "host any number of apps, at http://APP.localhost:5006",
        "platform:status": "say whether it runs, and its apps",
        "platform:stop": "end it",
        "apps": "list the apps",
        "apps:create": "make an app; --root DIR says where its code is",
        "apps:info": "show one app",
        "apps:source": "use the code of another folder",
        "apps:rename": "give it another name",
        "apps:destroy": "forget it",
        "whoami": "print who you are here",
    },
}

HELP = {
    "config": """\
Usage: localku config [-s | --json | --export]

Shows the config vars of the app.

  -s, --shell     KEY=value lines, quoted as Heroku's CLI quotes them
  --export        export KEY='value' lines, which every shell reads exactly
  -j, --json      an object

Lines of -s are right for a .env file, whatever the values are, and for a shell
but for one thing: Heroku's quoting writes a line end as the two characters \\n,
and only a .env file, config:set and config:edit make a line end of them again.

Examples:
  localku config -s > .env
  eval "$(localku config --export)"
  localku config:set $(localku config -s -a one) -a other
""",
    "config:get": """\
Usage: localku config:get KEY ... [-s | --json]

Prints the value of a config var as it is, an empty line if there is none.

  psql $(localku config:get DATABASE_URL)

  -s, --shell     KEY=value, quoted as in localku config -s
  -j, --json      an object
""",
    "config:set": """\
Usage: localku config:set KEY=VALUE ... [--literal] [--json]

Sets config vars: all of them or none. That makes a release, and all dynos
restart. A value is taken as it is, but what `localku config -s` has quoted is
read back, so that this works, with blanks and quotes in the values, too:

  localku config:set $(localku config -s -a one) -a other

The shell takes such values apart at their blanks; they are put together again
with one space between each two words. (Tabs, several blanks in a row, and a *
that stands alone and matches files are lost before localku can see them.)

  --literal       values as they are, quotes and all, as Heroku's CLI does it
  -j, --json      the new values as an object
""",
    "config:unset": """\
Usage: localku config:unset KEY ...

Removes config vars. That makes a release, and all dynos restart.
""",
    "config:edit": """\
Usage: localku config:edit [KEY]

Opens the config vars, or the value of one, in $VISUAL or $EDITOR. What you save
is shown as a difference and set; a line that you delete removes its config var.
A value is one word of a shell: quote it if it has blanks; "a\\nb" has two lines.
""",
    "releases": """\
Usage: localku releases [-n N] [--json]

Lists the releases, the newest first. Every change of config vars makes one, and
so does a change of the Procfile. The code of all of them is the live folder.

  -n, --num N     so many of them (15)
  --json          the releases as the Platform API has them
""",
    "releases:info": """\
Usage: localku releases:info [vN] [-s | --json]

Shows a release, the current one by default, and the config vars that it had.

  -s, --shell     the config vars as in localku config -s
  --json          the release as the Platform API has it
""",
    "releases:output": """\
Usage: localku releases:output [vN]

Prints what the release command of a release said.
""",
    "rollback": """\
Usage: localku rollback [vN]

Makes a new release with the config vars of an old one: of the last before the
current one by default. The code is the live folder and stays as it is.
""",
    "domains": "Usage: localku domains [--json]\n",
    "domains:add": """\
Usage: localku domains:add NAME

The router then serves the app at that name, too. The name has to lead to this
machine: put `127.0.0.1 NAME` into /etc/hosts.
""",
    "domains:remove": "Usage: localku domains:remove NAME\n",
    "domains:clear": "Usage: localku domains:clear\n",
    "drains": """\
Usage: localku drains [--json]

Lists the log drains of the app: their URLs and tokens, and how many lines each
has got since the start of localku, how many it never will, how many wait, and
what went wrong last. With --json as objects.
""",
    "drains:add": """\
Usage: localku drains:add URL [--ca FILE]

Sends what the app and the platform say from now on to URL, too, as Heroku does:

  https://USER:PASSWORD@HOST/PATH   POST of application/logplex-1; also http
  syslog+tls://HOST:PORT            octet-counted RFC 5424; 6514
  syslog://HOST:PORT                the same without TLS; 601

A drain that is down or slow gets its lines when it is back. 1024 lines are kept
for it (--drain-buffer of localku start); what is more is dropped, and a line
with L10 says how many. A drain gets whole lines: a prompt waits for its end.

  --ca FILE       the certificate of the CA that has to vouch for HOST. Without
                  it, one that this system trusts, or localku's own for a name
                  under localhost or .test
""",
    "drains:remove": """\
Usage: localku drains:remove URL | TOKEN | ID

Sends nothing there any more. What waits for it has a second to get there.
""",
    "open": """\
Usage: localku open [PATH] [-p]

Opens the app in the browser.

  -p, --print     only print the address
""",
    "features": "Usage: localku features [--json]\n",
    "features:info": "Usage: localku features:info FEATURE [--json]\n",
    "features:enable": """\
Usage: localku features:enable FEATURE

  localku features:enable preboot
  localku features:enable http-session-affinity
""",
    "features:disable": "Usage: localku features:disable FEATURE\n",
    "labs": "Usage: localku labs [--json]\n",
    "labs:info": "Usage: localku labs:info FEATURE [--json]\n",
    "labs:enable": "Usage: localku labs:enable FEATURE\n",
    "labs:disable": "Usage: localku labs:disable FEATURE\n",
    "platform": """\
Usage: localku platform [-p PORT] [--detach] [FLAGS]

Hosts any number of apps side by side, each at http://APP.localhost:PORT (5006),
each from the folder of its code. Its state is in ~/.localku, or LOCALKU_HOME.
It starts all apps that the state has; one whose folder is gone or has a mistake
says so and is there without its code. Its console shows the lines of all apps.

  -p, --port PORT   port of the router
  --detach          leave it running; its log goes to a file in the state folder

Other flags of `localku start` hold for all apps (--grace, --time-scale, ...).
What is about one app stands in that app's localku.yml. --watch does not work
here yet: `localku start --watch` does.

Examples:
  localku platform --detach
  localku apps:create shop --root ~/shop
  localku ps -a shop          or, in ~/shop, localku ps
  localku platform:stop
""",
    "platform:status": """\
Usage: localku platform:status [--json]

Says what the platform runs. Exit status 1 if there is none.
""",
    "platform:stop": """\
Usage: localku platform:stop

Stops all dynos of the platform and ends it. Its state stays.
""",
    "apps": "Usage: localku apps [--json]\n",
    "apps:create": """\
Usage: localku apps:create [NAME] [--root DIR] [--json]

Makes an app on the platform (`localku platform`). Without a name, one is made
up. With --root, the app runs the Procfile of that folder at once; without, it
has no code until `localku apps:source DIR`.
""",
    "apps:info": "Usage: localku apps:info [NAME] [-s | --json]\n",
    "apps:source": """\
Usage: localku apps:source DIR [-a NAME]

Runs the code of that folder from now on.
""",
    "apps:rename": "Usage: localku apps:rename NEWNAME [-a NAME]\n",
    "apps:destroy": """\
Usage: localku apps:destroy NAME [--confirm NAME]

Ends the dynos of an app, and forgets it with its config vars and releases. The
folder of its code is left alone.
""",
    "whoami": "Usage: localku whoami\n",
}
