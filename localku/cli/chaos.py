"""`localku chaos` and `chaos:stop`: faults on purpose, begun, watched and ended.

The fault lives in the platform and has its own end there; this command only waits for it, and ends
it earlier when it is told to go (Ctrl-C, SIGTERM, a closed terminal). Killed with -9, it cannot:
then the fault ends at its time.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from localku.cli import tables
from localku.cli.client import (
    USAGE,
    Client,
    NoPlatform,
    NotThere,
    Options,
    as_list,
    as_object,
    connect,
    say,
)
from localku.errors import UserError
from localku.manifest.setting import duration, size

LOOK = 0.2  # seconds between looks at what the fault has done
LEAVING = (signal.SIGTERM, signal.SIGHUP)
GUARDED = (signal.SIGINT, *LEAVING)


class Left(Exception):
    """We were told to go. status: ours."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def main(name: str, argv: list[str]) -> int:
    """Run one of the two; returns its exit status. Raises UserError."""
    return stop(argv) if name == "chaos:stop" else chaos(argv)


def chaos(argv: list[str]) -> int:
    """List what is on, or begin a fault and stay until it is over."""
    options = _read(argv)
    wish = wished(options)
    client = connect(options)
    path = "/localku" + client.at("chaos")
    if not options.fault:
        return listed(as_list(client.get(path)), client.app, as_json=options.json)
    # until its id is known, nobody could end it: a Ctrl-C waits for the answer
    signal.pthread_sigmask(signal.SIG_BLOCK, GUARDED)
    try:
        fault = as_object(client.request("POST", path, wish))
    except UserError:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, GUARDED)
        raise
    if not options.detach:
        return stay(client, fault, as_json=options.json)
    if options.json:
        print(json.dumps(fault, indent=2))
    else:
        print(begun(fault))
        say(f"It ends by itself, or with `localku chaos:stop {fault['id']}`.")
    return 0


def _read(argv: list[str]) -> argparse.Namespace:
    parser = Options("chaos")
    parser.add_argument("fault", nargs="?", default="")
    parser.add_argument("word", nargs="?", default="")
    parser.add_argument("-d", "--dyno", "--dyno-name", dest="dyno", default="")
    for flag in TEXTS:
        parser.add_argument(flag, dest=flag[2:], default=None)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--detach", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    if options.word and options.dyno:
        parser.error(f"one dyno, not two: {options.word} and {options.dyno}")
    return options


# -- what is wished --------------------------------------------------------------------------------


def _milliseconds(text: str) -> float:
    if text.replace(".", "").isdigit():
        raise UserError("has no unit", hint="write 500ms or 2s")
    return duration(text) * 1000


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 17):
        raise UserError("is not a whole number", hint="write 1")
    return int(text)


def _part(text: str) -> float:
    """`0.5` or `50%`."""
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise UserError("is not a share", hint="write 0.5 or 50%") from None


TEXTS: dict[str, Callable[[str], object]] = {
    "--for": duration,
    "--every": duration,
    "--seed": _whole,
    "--delay": _milliseconds,
    "--jitter": _milliseconds,
    "--share": _part,
    "--fill": _part,
    "--quota": size,
    "--var": str,
    "--mode": str,
    "--drain": str,
}


def wished(options: argparse.Namespace) -> dict[str, object]:
    """The wish as the API wants it. Raises UserError."""
    given = {flag: getattr(options, flag[2:]) for flag in TEXTS}
    wish: dict[str, object] = {"fault": options.fault}
    for flag, text in given.items():
        if text is None:
            continue
        try:
            wish[flag[2:]] = TEXTS[flag](text)
        except UserError as error:
            message = f"{text!r} {error.message}"
            raise UserError(message, where=flag, hint=error.hint, status=USAGE) from None
    dyno = options.dyno or options.word
    if dyno:
        wish["dyno"] = dyno
    if options.all:
        wish["all"] = True
    if not options.fault and len(wish) > 1:
        raise UserError("which fault?", hint="`localku chaos` lists them", status=USAGE)
    return wish


# -- until it is over ------------------------------------------------------------------------------


def stay(client: Client, fault: dict[str, Any], *, as_json: bool) -> int:
    """Show what it does until it is over; end it when we are told to go. UserError that says until
    when it goes on, when the platform does not answer."""
    seen = 0
    status = 0
    before = {number: signal.signal(number, _leave) for number in LEAVING if _heeded(number)}
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, GUARDED)
        if not as_json:
            print(begun(fault), flush=True)
        while True:
            seen = seen if as_json else _tell(fault, seen)
            if fault["state"] == "over":
                break
            time.sleep(LOOK)
            fault = _ask(client, "GET", fault)
    except (KeyboardInterrupt, Left, BrokenPipeError) as reason:
        status = reason.status if isinstance(reason, Left) else 130
        fault = _ask(client, "DELETE", fault)
        if isinstance(reason, BrokenPipeError):
            raise
        if not as_json:
            _tell(fault, seen)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    print(json.dumps(fault, indent=2) if as_json else _over(fault), flush=True)
    return status


def _ask(client: Client, method: str, fault: dict[str, Any]) -> dict[str, Any]:
    """The fault as it is now. It ended with its platform or its app, if that did."""
    own = f"/localku/apps/{fault['app']['id']}/chaos/{fault['id']}"  # its name may change
    for again in (True, False):
        try:
            return as_object(client.request(method, own))
        except NoPlatform:
            return {**fault, "state": "over", "with": "The platform has ended"}
        except NotThere as error:  # the app, or the fault on a platform that has begun anew
            app = error.message.endswith("app")
            ended = "The app has been destroyed" if app else "The platform has ended"
            return {**fault, "state": "over", "with": ended}
        except UserError as error:
            if not again:
                message = f"{error.message}; {fault['id']} goes on until {_clock(fault['ends_at'])}"
                hint = f"`localku chaos:stop {fault['id']}` ends it"
                raise UserError(message, hint=hint) from None
        time.sleep(LOOK)  # a platform that ends may break off an answer
    raise AssertionError("the last time returns or raises")


def _clock(moment: str) -> str:
    from datetime import datetime

    return f"{datetime.fromisoformat(moment.replace('Z', '+00:00')).astimezone():%H:%M:%S}"


def _over(fault: dict[str, Any]) -> str:
    if fault.get("with"):
        return f"{fault['with']}, and with it the fault: all is undone."
    if fault.get("failed"):
        return f"It is over, but not all could be undone ({fault['failed']}): restart the dynos."
    return "It is over, and all is undone." if fault["lasts"] else "It is over."


def _heeded(number: int) -> bool:
    return signal.getsignal(number) != signal.SIG_IGN  # nohup asked for it


def _leave(number: int, _: object) -> None:
    raise Left(128 + number)


def _tell(fault: dict[str, Any], seen: int) -> int:
    """Print what it did since; returns how much that is in all."""
    fresh = int(fault["count"]) - seen
    for text in fault["done"][-fresh:] if fresh > 0 else ():
        print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
    return seen + max(0, fresh)


def begun(fault: dict[str, Any]) -> str:
    """`kill-1 on web: SIGKILL to a dyno, for 30 s, every 5 s (seed 7)` and what will be seen."""
    text = f"{fault['id']} on {fault['about']}: {fault['text']}"
    if fault["for"]:
        text += f", for {fault['for']:g} s"
    if fault["every"]:
        text += f", every {fault['every']:g} s"
    lines = [f"{text} (seed {fault['seed']})"]
    if fault["hint"]:
        lines.append(f"In the log: {fault['hint']}")
    return "\n".join(lines)


# -- what there is ---------------------------------------------------------------------------------


def listed(faults: list[dict[str, Any]], app: str, *, as_json: bool) -> int:
    """What is on, and which faults there are."""
    if as_json:
        print(json.dumps(faults, indent=2))
        return 0
    from localku.chaos.faults import KINDS

    on = [each for each in faults if each["state"] == "on"]
    print(tables.header(f"Chaos on ⬢ {app}"))
    for each in on:
        print(f"{each['id']} on {each['about']}: until {each['ends_at']}")
    if not on:
        print("Nothing is on.")
    print("\n" + tables.header("Faults"))
    rows = [(kind.name, kind.text, kind.shows) for kind in KINDS.values()]
    print("\n".join(tables.table(("Fault", "What it does", "To be seen"), rows)))
    say("\n`localku chaos FAULT [DYNO]` begins one; `localku help chaos` says more.")
    return 0


def stop(argv: list[str]) -> int:
    """End one fault, or all; they are undone when this returns."""
    parser = Options("chaos:stop")
    parser.add_argument("faults", nargs="*")
    parser.add_argument("--json", action="store_true")
    options = parser.read(argv)
    client = connect(options)
    path = "/localku" + client.at("chaos")
    if options.faults:
        ended = [as_object(client.request("DELETE", f"{path}/{_id(x)}")) for x in options.faults]
    else:
        ended = as_list(client.request("DELETE", path))
    if options.json:
        print(json.dumps(ended, indent=2))
    elif not ended:
        print(f"There is no chaos on ⬢ {client.app}.")
    else:
        names = ", ".join(each["id"] for each in ended if not each["failed"])
        if names:
            print(f"Over, and undone: {names}")
        for each in ended:
            if each["failed"]:
                print(f"{each['id']}: {_over(each)}")
    return 0


def _id(word: str) -> str:
    return urllib.parse.quote(word, safe="")
