"""The report of a load test as one HTML file: works offline, light and dark, runs no foreign code.

Everything is inside: the data as JSON, the drawing, uPlot. The data cannot break out of its element
(`<`, `>` and `&` are escaped), is only ever shown as text, and the policy of the page allows just
those scripts and styles, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localku.load.document import document
from localku.load.result import Result

OWN = Path(__file__).with_name("static")
SHARED = Path(__file__).parent.parent / "api" / "static"
# in JSON these stand only inside of texts; the last two end a line in JavaScript
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<noscript>This report draws itself with JavaScript, which is switched off.</noscript>
<script type="application/json" id="data">{data}</script>
<script>{plot}</script>
<script>{draw}</script>
</body>
</html>
"""


def page(result: Result) -> str:
    """The report of a load test."""
    return render(document(result))


def render(parts: Mapping[str, Any]) -> str:
    """The report of what localku.load.document describes; also of a simulation."""
    style = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (SHARED / "base.css", SHARED / "uPlot.min.css", OWN / "report.css")
    )
    plot = (SHARED / "uPlot.iife.min.js").read_text(encoding="utf-8")
    draw = (OWN / "report.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src {_hash(plot)} {_hash(draw)}; style-src {_hash(style)};"
        " base-uri 'none'; form-action 'none'"
    )
    return PAGE.format(
        policy=policy,
        title=html.escape(str(parts["title"])),
        style=style,
        data=embedded(parts),
        plot=plot,
        draw=draw,
    )


def embedded(value: object) -> str:
    """JSON that may stand in a script element. NaN and infinity are errors."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter, escape in ESCAPES.items():
        text = text.replace(letter, escape)
    return text.encode("utf-8", "replace").decode()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
