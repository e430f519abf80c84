"""The first dynos, spawned before anything slow is imported. START PATH.

The supervisor adopts them as soon as the event loop stands; until then their output waits in
their pipes and what happens to them waits in the control socket.
"""

from __future__ import annotations

from localku.dynos import process
from localku.dynos.ports import PortBook
from localku.dynos.spec import DynoSpec, environment


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
    """Fork the init process and have it spawn `specs`. size: rows and columns of their ptys."""
    ports = PortBook()
    runs: list[EarlyRun] = []
    orders = []
    for key, spec in enumerate(specs, 1):
        terminal = process.open_pty(*size) if spec.pty else process.open_pipe()
        run = EarlyRun(spec, ports.take(spec.port), terminal)
        env = environment(spec, run.port)
        runs.append(run)
        orders.append(process.order(key, spec.command, env, spec.cwd, terminal))
    return process.InitClient.launch(orders), runs
