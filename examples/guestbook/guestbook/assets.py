"""The files in static/, read once. Their address carries a hash of what is in them, so that a
browser keeps them for a year and still sees a new release at once."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from guestbook.messages import Request, Response

FOLDER = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_YEAR = "public, max-age=31536000, immutable"
_ALWAYS_ASK = "no-cache"


def names() -> list[str]:
    """The files that there are."""
    return sorted(path.name for path in FOLDER.iterdir() if path.suffix in TYPES)


@cache
def load(name: str) -> tuple[bytes, str]:
    """The bytes of a file of `names`, and a short hash of them."""
    content = (FOLDER / name).read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


def url(name: str) -> str:
    """The address of a file, for use in a page."""
    return f"/static/{name}?v={load(name)[1]}"


def serve(request: Request) -> Response:
    """GET /static/NAME, for a name of `names`: the app routes no other one here."""
    name = request.path.rpartition("/")[2]
    content, version = load(name)
    cache = _YEAR if request.query.get("v") == version else _ALWAYS_ASK
    headers = (("ETag", f'"{version}"'), ("Cache-Control", cache))
    if f'"{version}"' in request.headers.get("if-none-match", ""):
        return Response(304, b"", TYPES[Path(name).suffix], headers)
    return Response(200, content, TYPES[Path(name).suffix], headers)
