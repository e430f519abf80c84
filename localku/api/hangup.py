"""Has the other end of a socket gone? Asked while nobody reads it: the loop then does not tell."""

from __future__ import annotations

import select

GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)


def has_hung_up(fd: int) -> bool:
    """Whether the peer has closed its end, however many of its bytes are still to be read."""
    if fd < 0:
        return True
    poll = select.poll()
    poll.register(fd, GONE)
    return any(event & (GONE | select.POLLNVAL) for _, event in poll.poll(0))
