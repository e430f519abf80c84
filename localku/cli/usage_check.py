"""Help of the command that judges an app by the twelve factors."""

from __future__ import annotations

GROUPS = {
    "Judge it": {
        "doctor": "judge the app by the twelve factors, from watching it run",
    },
}

HELP = {
    "doctor": """\
Usage: localku doctor [FLAGS]

Judges the app of this folder by the twelve factors: it reads the files, and it
runs copies of the app and watches them. Each factor gets pass, warn, fail or
not observed (no probe saw anything: that is no pass), with the evidence (file
and line, log line, file written, address), why it matters on Heroku, and what
to do. It takes half a minute or more; what is tried is said on stderr.

Everything runs in a copy, in a temporary folder, on other ports, in a clean
environment with the app's config vars. A SQLite file, and files or folders
outside the app that a config var names, are copied. Real services are not
reached: the URL of one gets a stand-in that lets nobody through; in Python and
Node the way to other hosts, and to what listens on this machine, is shut. An
address that stands in the code is reached all the same by other languages and
by libraries in C (libpq only asks it for TLS, and goes no further): end what
listens there first, if it matters.

  --only FACTORS     some of them: 6,9 or vi,ix or processes,logs
  --quick            read files only, run nothing
  --path PATH        request this, too, besides / and what is linked there;
                     several add up
  --script FILE      the requests to compare two dynos by, one a line:
                     `PATH`, or `METHOD PATH BODY`; POST is never tried without
  -e, --env NAME=VALUE
                     another value of a config var; several add up
  --use-services     let the app reach the services of its config vars, by a
                     relay: it writes there
  --fail-on WHAT     exit with 1 at warn, or at fail, for CI
  -v, --verbose      what passed and what was not observed, too
  --json [FILE]      the report as JSON, in place of the text or into a file
  --html FILE        the report as a page that needs nothing else
  --boot-timeout T   wait for a dyno to listen (60s)
  --grace T          wait for a dyno to end after SIGTERM (30s)
  --limit T          begin nothing new after this (5m)
  --seed N           another moment for SIGKILL

  localku doctor --path /login --html doctor.html
  localku doctor --only vi --script visit.txt

Exit status: 0; 1 with --fail-on, or if the app cannot be judged at all; 2 for a
wrong command, 130 for Ctrl-C.
""",
}
