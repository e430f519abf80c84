"""Help of the commands that show what the app does: its log, and its life."""

from __future__ import annotations

GROUPS = {
    "Look at it": {
        "logs": "print what was said; -t goes on as more is said",
        "top": "the app live: dynos, rates, times, errors; keys steer it",
        "dashboard": "open the page that shows the app live, in the browser",
    },
}

HELP = {
    "logs": """\
Usage: localku logs [-t] [-n N] [-p TYPE] [-d DYNO] [-s SOURCE]

Prints the newest lines of the app's log. As on Heroku, they are counted first
and filtered afterwards.

  -t, --tail               go on as more is said, until Ctrl-C
  -n, --num N              so many lines (100, at most 1500)
  -p, --process-type TYPE  of the dynos of that type; also `router`, `api`; --ps
  -d, --dyno-name DYNO     of that dyno
  -s, --source SOURCE      app: what the app says; heroku: what is said of it
  --log-format FORM        heroku, short, or json: an object for each line
  --json                   the same as --log-format json
  --no-color               no colours on a terminal

Several of them must all hold. A reader that is too slow loses lines of its own
and is told so (L11). Each line is written at once, into a pipe, too.

  localku logs -t -p router | awk '{print $10,$11,$12}'
  localku logs -t -p router | pv -lr >/dev/null          # requests a second

(mawk, the awk of Debian, waits for a full buffer: `mawk -W interactive`, gawk.)
""",
    "top": """\
Usage: localku top [--once | --json]

Shows the running app live: its requests in a second by status, p50, p95 and p99
of their service times, errors of the last minute; for each dyno its state, for
how long, rate, requests under way, times, errors, load, memory and quota, and
the last minute as a line; the last events and errors; the app's own l2met
numbers (measure#, count#, sample#); and, if you want, the log. A wide terminal
shows more. When the platform is restarted, it waits for it to come back.

Keys:
  s               scale: web=3, worker+1; +2, -1 or 4 for the selected type
  + -             one dyno more, or fewer, of the selected type
  r R             restart the selected dyno, or all
  x               stop the selected dyno; it starts again by itself
  m               maintenance mode on or off
  l /             show the log, filter it: words, web.1, router, -word
  p               hold the screen still
  arrows, Tab     select and scroll, go to the next pane
  ? q             all keys, quit; also Ctrl-C

Rates and times are those of the last 10 seconds, errors of the last minute.

  --once          print it as plain text, once; also when the output is no
                  terminal
  --json          the same as one object: times in seconds since 1970, service
                  times in milliseconds, memory in bytes

  localku top --json | jq '.dynos[] | {name, state, memory}'
""",
    "dashboard": """\
Usage: localku dashboard [-p]

Opens the dashboard in the browser: dynos, throughput, response times, memory,
load, errors and events on a time line, the app's own metrics, and the live log,
with buttons to scale, restart and stop. Its address is in the first lines that
`localku start` prints; this link also lets in a browser that would be asked for
the key. It is good once, for a minute.

  -p, --print     only print the link
""",
}
