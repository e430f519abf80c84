"""Help of the commands that show the app live."""

from __future__ import annotations

GROUPS = {
    "Look at it": {
        "dashboard": "open the page that shows the app live, in the browser",
    },
}

HELP = {
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
