"""One step of a load test, from its first request to what was found. Drives the generator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from localku.load.plan import Plan, Progress
from localku.load.result import Step


async def run_step(plan: Plan, watch: Callable[[Progress], None], stop: asyncio.Event) -> Step:
    """Warm up, measure, wait for what is under way; returns what was found.

    watch: told once a second. stop: set it to end early (Ctrl-C): what was measured so far is
    returned, marked as interrupted. Raises UserError when nobody listens at the target.
    """
    raise NotImplementedError
