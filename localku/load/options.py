"""The command line of `localku load` as values; a scenario gives what the flags leave open."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from localku.cli.client import USAGE, Options
from localku.errors import UserError
from localku.load import har, rates, scenario, thresholds
from localku.load.plan import DURATION, MAX_CONNECTIONS, RATE, TIMEOUT, WARMUP, Ask
from localku.load.rates import Profile
from localku.load.result import CLOSED, CONSTANT, OPEN, POISSON
from localku.load.thresholds import Threshold
from localku.load.words import Origin, one_origin, read_header, read_url, read_word
from localku.manifest.setting import duration as read_duration

T = TypeVar("T")
COUNT_MOST = 60_000  # a port each
FILE_ENDS = (".json",)
STDOUT = "-"


@dataclass(slots=True)
class Wanted:
    """What is asked for. origin: None for the running app. har: a file, read when the target is
    known. json, html, hdr: files, "" for none, "-" for the output. Others as in the plan."""

    options: argparse.Namespace
    origin: Origin | None = None
    asks: list[Ask] = field(default_factory=list)
    har: str = ""
    har_host: str = ""
    mode: str = OPEN
    arrivals: str = POISSON
    rate: Profile = field(default_factory=lambda: Profile.flat(RATE))
    connections: int = 10
    max_connections: int = MAX_CONNECTIONS
    max_in_flight: int = MAX_CONNECTIONS
    duration: float = DURATION
    warmup: float = WARMUP
    timeout: float = TIMEOUT
    seed: int = 1
    thresholds: list[Threshold] = field(default_factory=list)
    json: str = ""
    html: str = ""
    hdr: str = ""


def parser(name: str) -> Options:
    """The flags. All defaults are None, so that a scenario can tell what was not said."""
    it = Options(name)
    it.add_argument("paths", nargs="*")
    for flag in ("--rate", "--duration", "--warmup", "--timeout", "--connections", "--seed"):
        it.add_argument(flag)
    it.add_argument("--max-connections")
    it.add_argument("--max-in-flight")
    it.add_argument("--constant", dest="arrivals", action="store_const", const=CONSTANT)
    it.add_argument("--poisson", dest="arrivals", action="store_const", const=POISSON)
    it.add_argument("-X", "--method")
    it.add_argument("-H", "--header", action="append", default=[], dest="headers")
    it.add_argument("--body")
    it.add_argument("--har", default="")
    it.add_argument("--har-host", default="")
    it.add_argument("--scenario", default="")
    it.add_argument("--tls", action="store_true")
    it.add_argument("-k", "--insecure", action="store_true")
    it.add_argument("--i-own-this-host", action="store_true", dest="owned")
    it.add_argument("--fail-if", action="append", default=[])
    it.add_argument("--json", default="")
    it.add_argument("--html", default="")
    it.add_argument("--hdr", default="")
    it.add_argument("--no-live", action="store_true")
    it.add_argument("--scale", default="")
    it.add_argument("--find-max", default="")
    it.add_argument("--repeat", default="1")
    it.add_argument("--dyno-concurrency", default="1")
    return it


def read(name: str, argv: list[str]) -> Wanted:
    """The command line, and the scenario that it names. Raises UserError(status=2)."""
    options = parser(name).read(_with_file(argv))
    try:
        return _wanted(options)
    except UserError as error:
        error.status = USAGE
        raise


def _with_file(argv: list[str]) -> list[str]:
    """`--json` alone prints; the word after it is its file when it ends in .json, else a PATH."""
    found: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--json":
            is_file = bool(rest) and rest[0].endswith(FILE_ENDS) and not rest[0].startswith("-")
            word = f"--json={rest.pop(0) if is_file else STDOUT}"
        found.append(word)
    return found


def _wanted(options: argparse.Namespace) -> Wanted:
    known = _scenario(options.scenario) if options.scenario else scenario.Scenario()
    said = {**known.settings, **_said(options)}
    it = Wanted(options, har=options.har, har_host=options.har_host)
    it.json, it.html, it.hdr = options.json, options.html, options.hdr
    _read_requests(it, options, known)
    _read_times(it, said)
    _read_counts(it, said)
    it.arrivals = said.get("arrivals", POISSON)
    if it.arrivals not in (POISSON, CONSTANT):
        raise UserError(f"arrivals: {it.arrivals} is neither poisson nor constant")
    it.thresholds = [
        _at("--fail-if", each, thresholds.parse) for each in [*known.fail_if, *options.fail_if]
    ]
    if "target" in said and it.origin is None:
        it.origin, _ = read_url(said["target"])
    if options.find_max and not options.scale:
        raise UserError("--find-max needs --scale", hint="write --scale web=1,2,4")
    if options.find_max and it.thresholds:
        raise UserError("--find-max goes beyond every limit: it has no --fail-if")
    return it


def _said(options: argparse.Namespace) -> dict[str, str]:
    """The flags that a scenario can say, too."""
    names = (*scenario.TEXTS, *scenario.COUNTS)
    values = {name: getattr(options, name.replace("-", "_"), None) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _read_requests(it: Wanted, options: argparse.Namespace, known: scenario.Scenario) -> None:
    sources = [
        what
        for what, given in (
            ("paths", options.paths),
            ("--har", options.har),
            ("--scenario with requests", known.asks),
        )
        if given
    ]
    if len(sources) > 1 and not (options.paths and len(sources) == 2 and not known.asks):
        raise UserError(f"requests come from one place, not {' and '.join(sources)}")
    words = [read_word(word) for word in options.paths]
    it.origin = one_origin([origin for origin, _ in words])
    if options.har and words:
        raise UserError("requests come from one place, not paths and --har")
    it.asks = [ask for _, ask in words] or known.asks or [Ask()]
    headers = tuple(read_header(text) for text in options.headers)
    body = read_body(options.body) if options.body is not None else None
    method = options.method or ("POST" if body is not None else "")
    it.asks = [
        replace(
            ask,
            method=method or ask.method,
            headers=ask.headers + headers,
            body=ask.body if body is None else body,
        )
        for ask in it.asks
    ]


def _read_times(it: Wanted, said: dict[str, str]) -> None:
    if "rate" in said:
        if "connections" in said:
            what = "a rate is for the open loop, --connections for the closed one"
            raise UserError(what, hint="in the open one, --max-connections limits")
        it.rate = _at("--rate", said["rate"], rates.parse)
    lengths = {"duration": it.duration, "warmup": it.warmup, "timeout": it.timeout}
    if it.rate.length != float("inf"):
        lengths["duration"] = it.rate.length
    for name in lengths:
        if name in said:
            lengths[name] = _at(f"--{name}", said[name], _seconds)
    it.duration, it.warmup, it.timeout = lengths.values()
    if it.duration <= 0 or it.timeout <= 0:
        raise UserError("it has to be more than 0", where="--duration and --timeout")
    if it.duration > 86_400:
        raise UserError("a day is the longest", where="--duration")


def _read_counts(it: Wanted, said: dict[str, str]) -> None:
    if "connections" in said:
        it.mode = CLOSED
        it.connections = _count("--connections", said["connections"])
    if "max-connections" in said:
        it.max_connections = _count("--max-connections", said["max-connections"])
    it.max_in_flight = it.max_connections
    if "max-in-flight" in said:
        it.max_in_flight = _count("--max-in-flight", said["max-in-flight"])
    if "seed" in said:
        it.seed = _count("--seed", said["seed"], least=0, most=2**63)


def _at(flag: str, text: str, read_it: Callable[[str], T]) -> T:
    try:
        return read_it(text)
    except UserError as error:
        error.where = error.where or flag
        raise


def _seconds(text: str) -> float:
    try:
        return read_duration(text)
    except UserError as error:
        raise UserError(f"{text!r} {error.message}", hint=error.hint) from None


def _count(flag: str, text: str, least: int = 1, most: int = COUNT_MOST) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most:
        return int(text)
    what = f"{text!r} is not a whole number from {least} to {most}"
    raise UserError(what, where=flag)


# -- files -----------------------------------------------------------------------------------------


def read_file(path: str) -> bytes:
    """A file's bytes. Raises UserError."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UserError(f"cannot read it: {error.strerror}", where=path, status=USAGE) from None


def read_body(word: str) -> bytes:
    """The bytes of --body: a file, or - for the input. Raises UserError."""
    return sys.stdin.buffer.read() if word == STDOUT else read_file(word)


def _scenario(path: str) -> scenario.Scenario:
    import yaml

    try:
        value = yaml.safe_load(read_file(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark is not None else path
        what = getattr(error, "problem", None) or "it is no text"
        raise UserError(f"this is no YAML: {what}", where=where) from None
    folder = os.path.dirname(path)
    return scenario.read(value, path, lambda name: read_file(os.path.join(folder, name)))


def read_har(path: str, hosts: set[str]) -> tuple[list[Ask], list[str]]:
    """The app's requests in a HAR file, and notes. Raises UserError."""
    try:
        value = json.loads(read_file(path))
    except ValueError:
        raise UserError("this is no HAR: it is no JSON", where=path, status=USAGE) from None
    return har.read(value, hosts, path)
