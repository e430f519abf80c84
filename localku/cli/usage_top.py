"""Help of `localku top`."""

from __future__ import annotations

HELP = {
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
}
