"""Server-sent events: a response that does not end, and tells the page what is new.

Each event carries the number of the change as its id. When this dyno goes away, the browser asks
again with `Last-Event-ID`; whichever dyno answers continues from there, because the numbers are
in the database and not in anyone's memory.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from guestbook import entries, jobs, log
from guestbook.config import Config
from guestbook.pages import entry_card, entry_json
from guestbook.process import Stop
from guestbook.store import Store, Unavailable

LOOK_SECONDS = 0.5
# Heroku's router ends a response that is silent for 55 s (H15); it also shows us who has left.
HEARTBEAT_SECONDS = 15.0
BATCH = 50
RETRY_MS = 1000  # how soon a browser asks again


def events(store: Store, config: Config, stop: Stop, since: int | None) -> Iterator[bytes]:
    """Events from change `since` on (None: from now on), until `stop`. One thread per reader."""
    yield f"retry: {RETRY_MS}\n".encode() + _event("hello", {"dyno": config.dyno})
    seq, depth, spoke = since, -1, time.monotonic()
    while not stop.asked:
        try:
            with store.reading() as db:
                if seq is None:
                    seq = entries.last_seq(db)
                found = entries.changed_since(db, seq, BATCH)
                waiting = jobs.depth(db)[0]
        except Unavailable as problem:
            log.error("stream_ended", problem)
            return  # the browser asks again by itself
        for entry in found:
            seq = entry.seq
            yield _event("entry", {**entry_json(entry), "html": entry_card(entry)}, seq)
        if waiting != depth:
            yield _event("queue", {"jobs": waiting})
        now = time.monotonic()
        if found or waiting != depth:
            depth, spoke = waiting, now
        elif now - spoke > HEARTBEAT_SECONDS:
            yield b": still here\n\n"
            spoke = now
        if len(found) < BATCH:
            stop.wait(LOOK_SECONDS)


def _event(name: str, data: object, number: int | None = None) -> bytes:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
