"""A reader that is fetched from (a tail session, a drain): a bounded queue of its own. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from localku.logs.entry import Entry
from localku.logs.losses import Loss, tail_overflow

LIMIT_BYTES = 4 << 20
LIMIT_ENTRIES = 10_000


class TailReader:
    """Holds entries until they are taken. When it is full, its own oldest entries go, and the next
    take() begins with the L11 line that counts them.

    accepts: which entries it wants (see filters), None for all. overflow: the line that reports the
    loss (L11 by default; a drain gives losses.output_overflow). on_ready: called when the queue
    stops being empty, and when urgent bytes are queued. size: bytes that are queued.
    """

    __slots__ = (
        "_accepts",
        "_entries",
        "_loss",
        "_on_ready",
        "_overflow",
        "_urgent",
        "limits",
        "size",
    )

    def __init__(
        self,
        limit_bytes: int = LIMIT_BYTES,
        limit_entries: int = LIMIT_ENTRIES,
        *,
        accepts: Callable[[Entry], bool] | None = None,
        overflow: Callable[[Loss], Entry] = tail_overflow,
        on_ready: Callable[[], None] | None = None,
        urgent: int = LIMIT_BYTES,
    ) -> None:
        self.limits = (limit_bytes, limit_entries)
        self._accepts = accepts
        self._overflow = overflow
        self._on_ready = on_ready
        self._urgent = urgent
        self._entries: deque[Entry] = deque()
        self.size = 0
        self._loss = Loss()

    def offer(self, entry: Entry) -> None:
        """Queue entry, at the cost of the oldest ones if need be. Never waits."""
        if self._accepts is not None and not self._accepts(entry):
            return
        entries = self._entries
        before = self.size
        was_empty = not entries
        entries.append(entry)
        self.size = before + len(entry.data)
        limit_bytes, limit_entries = self.limits
        while len(entries) > 1 and (self.size > limit_bytes or len(entries) > limit_entries):
            lost = entries.popleft()
            self.size -= len(lost.data)
            self._loss.add(lost)
        if self._on_ready is not None and (was_empty or before <= self._urgent < self.size):
            self._on_ready()

    def take(self) -> list[Entry]:
        """All that is queued, oldest first, after the line that reports a loss if there was one."""
        taken = list(self._entries)
        self._entries.clear()
        self.size = 0
        if self._loss.lines:
            taken.insert(0, self._overflow(self._loss))
        return taken

    def __len__(self) -> int:
        return len(self._entries)
