"""The first dynos, spawned before anything slow is imported. START PATH.

The supervisor adopts them as soon as the event loop stands; until then their output waits in
their pipes and what happens to them waits in the control socket.
"""

from __future__ import annotations

import errno
import os

from localku.dynos import init, process
from localku.dynos.ports import PortBook
from localku.dynos.spec import DynoSpec, environment
from localku.errors import UserError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localku.dynos.cgroup import Ground


class EarlyRun:
    """One run that is under way. Its key is its place in the list, from 1."""

    __slots__ = ("port", "spec", "terminal")

    def __init__(self, spec: DynoSpec, port: int, terminal: process.Terminal) -> None:
        self.spec = spec
        self.port = port
        self.terminal = terminal


def launch(
    specs: list[DynoSpec], size: tuple[int, int]
) -> tuple[process.InitClient, list[EarlyRun]]:
    """Fork the init process and have it spawn `specs`. size: rows and columns of their ptys.

    Raises UserError when there are not enough descriptors for so many.
    """
    limit = -1
    try:
        runs, orders = _open_all(specs, size)
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        limit = raise_limit()
        runs, orders = _open_all(specs, size)
    return process.InitClient.launch(orders, limit, _cage_all(runs, orders)), runs


def _cage_all(runs: list[EarlyRun], orders: list[init.Order]) -> Ground | None:
    """Give those runs that are to be capped their control groups."""
    if not any(run.spec.cpu for run in runs):
        return None
    from localku.dynos import cgroup

    ground = cgroup.prepare()
    for run, order in zip(runs, orders, strict=True):
        spec = run.spec
        if spec.cpu:
            order.cage = ground.cage(spec.name, order.key, spec.cpu, spec.memory)
    return ground


def raise_limit() -> int:
    """Allow as many open files as the hard limit does; returns the soft limit before.

    Dynos are to have the limit that the user set: the init process goes back to it.
    """
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


def _open_all(
    specs: list[DynoSpec], size: tuple[int, int]
) -> tuple[list[EarlyRun], list[init.Order]]:
    ports = PortBook()
    runs: list[EarlyRun] = []
    orders = []
    for key, spec in enumerate(specs, 1):
        try:
            terminal = process.open_pty(*size) if spec.pty else process.open_pipe()
        except OSError as error:
            _close_all(runs)
            raise _explained(error, len(specs)) from None
        run = EarlyRun(spec, ports.take(spec.port), terminal)
        env = environment(spec, run.port)
        runs.append(run)
        orders.append(process.order(key, spec.command, env, spec.cwd, terminal))
    return runs, orders


def _close_all(runs: list[EarlyRun]) -> None:
    for run in runs:
        run.terminal.close()
        for fd in run.terminal.fds:
            os.close(fd)


def _explained(error: OSError, wanted: int) -> Exception:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if error.errno != errno.EMFILE or soft < hard:
        return error
    return UserError(f"too few open files for {wanted} dynos", hint=f"`ulimit -n` is {hard}")
