"""An app to be scaled, and a stand-in for the generator: what is tested here is the formation."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from conftest import Folder, Running, wait_until

from localku.cli.client import Client
from localku.load.plan import Plan, Progress, Target
from localku.load.result import Percentiles, Step
from localku.load.sweep import Outcome, Scaling, Sweep

APP = """
import http.server, os, sys
number = int(os.environ["DYNO"].split(".")[1])
if os.path.exists(f"broken-{number}"):
    sys.exit("broken")
print("pid", os.getpid(), flush=True)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Answer).serve_forever()
"""


def started(folder: Folder, *more: str) -> Running:
    """The app, running with one web dyno and a worker."""
    folder.write("app.py", APP)
    python = f"exec {sys.executable}"
    folder.write("Procfile", f"web: {python} -S app.py\nworker: exec sleep 1000\n")
    shop = folder.start("-m", "web=1,worker=1", *more)
    wait_until(lambda: states(folder).get("web.1") == "up", "web.1 is up")
    return shop


def calm(folder: Folder) -> None:
    """Wait until it is as it began: for the next test with the same platform."""
    for path in folder.path.glob("broken-*"):
        path.unlink()
    wanted = {"web.1": "up", "worker.1": "up"}
    wait_until(lambda: states(folder) == wanted, "one web dyno is up, and nothing else")


def client(folder: Folder) -> Client:
    """Of the app in that folder."""
    status = dict(
        line.split("=", 1)
        for line in Path(folder.path / ".localku" / "platform").read_text().splitlines()
    )
    return Client(status["socket"], status["app"], status["pid"])


def states(folder: Folder) -> dict[str, str]:
    """The dynos and their states; nothing while nobody answers."""
    try:
        who = client(folder)
        dynos = who.get(who.at("dynos"))
    except (OSError, Exception):  # noqa: BLE001 - it is not there yet
        return {}
    assert isinstance(dynos, list)
    return {each["name"]: each["state"] for each in dynos}


def quantity(folder: Folder) -> int:
    """How many web dynos are wanted."""
    who = client(folder)
    found = who.get(who.at("formation", "web"))
    assert isinstance(found, dict)
    return int(found["quantity"])


async def quick_step(plan: Plan, watch: Callable[[Progress], None], stop: asyncio.Event) -> Step:
    """Lasts its time, or until it is stopped; the figures are made up."""
    try:
        await asyncio.wait_for(stop.wait(), plan.duration)
    except asyncio.TimeoutError:
        pass
    rate = plan.rate.most
    p = Percentiles(10, 5, 1, 5, 6, 7, 8, 9, 10)
    return Step(
        dict(plan.dynos), plan.repeat, rate, rate, 1.0, int(rate), latency=p, sent_latency=p
    )


class Bench:
    """A sweep over the app of a folder, in this process."""

    def __init__(self, folder: Folder, scaling: Scaling, step=quick_step, **more: object) -> None:  # type: ignore[no-untyped-def]
        self.said: list[str] = []
        self.stop = asyncio.Event()
        plan = Plan(Target("", "", 0, ""), **{"duration": 0.05, **more})  # type: ignore[arg-type]
        scaling = replace(scaling, quiet=0.0)
        self.sweep = Sweep(
            client(folder), plan, scaling, step, self.said.append, lambda _: None, self.stop
        )

    async def run(self) -> Outcome:
        return await self.sweep.run()


# a load test as a process of its own, which can be killed
SCRIPT = """
import asyncio, sys
sys.path[:0] = %s
from pathlib import Path
from sweep_kit import Bench, Folder, Scaling
folder = Folder(Path(sys.argv[1]))
print(asyncio.run(Bench(folder, Scaling("web", (2,)), duration=60.0).run()), flush=True)
"""


def script(*folders: str) -> str:
    """The text of that process; folders: where the kits are."""
    return SCRIPT % json.dumps(list(folders))
