"""Host names to addresses, in a thread of its own for each question.

The system's resolver can hang for half a minute without a network, and asyncio's own threads would
be waited for when localku ends. Names under localhost are this machine, as RFC 6761 6.3 has it,
whether or not the system's resolver knows them.
"""

from __future__ import annotations

import asyncio
import socket
import threading

Address = tuple[int, str]  # family and numeric host


async def addresses(host: str) -> list[Address]:
    """The addresses of host, in the system's order. Raises OSError; cancel it to wait no longer."""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Address]] = loop.create_future()

    def ask() -> None:
        found: list[Address] | OSError
        try:
            infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            found = list(dict.fromkeys((int(info[0]), str(info[4][0])) for info in infos))
        except OSError as error:
            found = error
        try:
            loop.call_soon_threadsafe(_tell, answer, found)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    threading.Thread(target=ask, name=f"resolve {host}", daemon=True).start()
    return await answer


def _tell(answer: asyncio.Future[list[Address]], found: list[Address] | OSError) -> None:
    if answer.done():
        return
    if isinstance(found, OSError):
        answer.set_exception(found)
    else:
        answer.set_result(found)
