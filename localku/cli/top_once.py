"""One look at the app, for `localku top --once` and `--json`."""

from __future__ import annotations

import asyncio

from localku.cli import top_link
from localku.cli.client import TIMEOUT, Client
from localku.cli.top_feed import NO_LINES, merged, past
from localku.errors import UserError
from localku.top.state import State
from localku.top.window import MINUTE, RECENT

PATIENCE = 2  # seconds in which a platform that nobody looked at has measured its dynos


async def look(client: Client) -> State:
    """What is known of the app now. Raises UserError."""
    state = State()
    await past(client, state)
    try:
        await asyncio.wait_for(_listen(client, state), TIMEOUT)
    except asyncio.TimeoutError:
        raise UserError("the platform does not answer", hint="is it stopped?") from None
    state.summary = await merged(client, state, RECENT)
    state.minute = await merged(client, state, MINUTE)
    return state


async def _listen(client: Client, state: State) -> None:
    """Until the dynos are known, and what they use; the latter not for long."""
    is_known, seconds = False, 0
    target = f"/localku{client.at('live')}?{NO_LINES}"
    async for events in top_link.events(client.path, target):
        for name, data in events:
            state.take(name, data)
            is_known = is_known or name == "dynos"
            seconds += name == "point"
        measured = all(dyno.memory is not None for dyno in state.dynos if dyno.pid)
        if is_known and (measured or seconds >= PATIENCE):
            return
    raise UserError("the platform went away")
