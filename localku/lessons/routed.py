"""Who answered: a request of a check together with the router's line about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from localku.lessons.watched import Answer, Line, Watched
from localku.logs import logfmt

TRIES = 16  # requests until every dyno has had its turn, also where the routing is random
LATE = 3.0  # seconds for the router's line after the answer


async def routed(app: Watched, path: str, asking: Awaitable[Answer]) -> tuple[str, Answer]:
    """The dyno that the router's line names ("" for none), and the answer. One at a time, of one
    path. Raises TimeoutError."""
    since = app.now()
    answer = await asking
    line = await app.line(f'path="{path}"', since=since, dyno="router", within=LATE)
    return dyno_of(line), answer


async def every_dyno(
    app: Watched, path: str, ask: Callable[[], Awaitable[Answer]], count: int = 2
) -> list[tuple[str, Answer]]:
    """Ask until `count` dynos have answered, or the router had none; who answered what, in order.
    Raises TimeoutError."""
    found: list[tuple[str, Answer]] = []
    while len({dyno for dyno, _ in found}) < count and len(found) < TRIES:
        found.append(await routed(app, path, ask()))
        if not found[-1][0]:
            break
    return found


def dyno_of(line: Line) -> str:
    """The dyno of a line of the router."""
    return dict(logfmt.parse(line.text)).get("dyno", "")
