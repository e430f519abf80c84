"""Every request waits: for another service, a database, a disk. The processor has nothing to do."""

from __future__ import annotations

import os
import time

from server import serve, setting

WAIT_MS = setting("WAIT_MS", 100)
DYNO = os.environ.get("DYNO", "web.1")


def answer() -> str:
    """Wait, as for somebody else's answer."""
    time.sleep(WAIT_MS / 1000)
    return f"dyno={DYNO} waited={WAIT_MS:g}ms"


serve(answer)
