"""Entries as JSON, one object a line (`--format json`). Pure; loaded only when asked for.

Each object has time, source, dyno and message. Bytes that are not UTF-8 appear as `\\xff`. A line
shown before its end has `"partial": true`, and what follows it in the same line has
`"continues": true`: a machine can join them, and nothing is held back. A router line also has its
fields, under `router`.
"""

from __future__ import annotations

import json

from localku.logs.entry import Entry
from localku.logs.logfmt import parse
from localku.logs.stamp import utc


def encode(entry: Entry) -> bytes:
    """All lines of entry as JSON objects, each ended by `\\n`."""
    lines = entry.data.decode("utf-8", "backslashreplace").split("\n")
    rest = lines.pop()
    who = {"time": utc(entry.time), "source": entry.source, "dyno": entry.dyno}
    start = json.dumps(who, ensure_ascii=False)[:-1] + ', "message": '
    is_router = entry.dyno == "router" and entry.source == "heroku"
    out = []
    for number, line in enumerate(lines):
        extra = ', "continues": true' if entry.continues and number == 0 else ""
        if is_router:
            extra += ', "router": ' + json.dumps(dict(parse(line)), ensure_ascii=False)
        out.append(f"{start}{json.dumps(line, ensure_ascii=False)}{extra}}}\n")
    if rest:
        extra = ', "continues": true' if entry.continues and not lines else ""
        out.append(f'{start}{json.dumps(rest, ensure_ascii=False)}{extra}, "partial": true}}\n')
    return "".join(out).encode("utf-8", "backslashreplace")
