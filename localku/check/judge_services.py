"""IV: are services attached by config vars alone, so that another one can be put in place? Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, inside, names, some, unseen
from localku.check.record import Run
from localku.check.world import Url, read_url

KNOWN = {5432: "PostgreSQL", 3306: "MySQL", 6379: "Redis", 27017: "MongoDB", 5672: "RabbitMQ"}
KNOWN |= {11211: "memcached", 9200: "Elasticsearch", 9092: "Kafka", 25: "SMTP", 587: "SMTP"}
KNOWN |= {465: "SMTP", 1433: "SQL Server", 5671: "RabbitMQ"}
_HOST = re.compile(r"[\w.-]+")
_NUMBER = re.compile(r"\d+")
_OURS = re.compile(r"LOCALKU_|PYTHON|NODE_OPTIONS$")  # of what prepare.py adds
_WHY = (
    "a service that stands in the code is the same for every deploy: it cannot be replaced, failed"
    " over or kept apart for staging without a commit"
)
_FIX = "take its URL from a config var (DATABASE_URL, REDIS_URL), as add-ons provide it"


def hard_coded(run: Run) -> list[Finding]:
    """Connections to addresses that no config var names."""
    if run.failed and not run.sights and not run.connections:
        return unseen(4, "hard-coded", run.failed)
    if not run.languages and not run.can_see_processes:
        return unseen(
            4, "hard-coded", "connections can be seen on Linux, in Python and in Node only"
        )
    own = {*run.ports.values(), *(each.port for each in run.listeners)}
    given = _given(run.config)
    asked = {(str(s.data.get("host")), str(s.data.get("port"))) for s in run.of("lookup")}
    found: dict[tuple[str, int], Evidence] = {}
    total = 0
    for host, port, evidence in _made(run):
        if port in own or port == 53:
            continue
        total += 1
        aliases = {host, *(name for name, where in asked if where == str(port))}
        if any(_names(value, alias, port) for value in given for alias in aliases):
            continue
        found.setdefault((host, port), evidence)
    if not found:
        if not total:
            return unseen(4, "hard-coded", "it connected to nothing")
        return [Finding(4, "hard-coded", PASS, "it connects only to what config vars name")]
    services = [(host, port) for host, port in found if port in KNOWN]
    shown = names([_address(host, port) for host, port in found])
    kinds = names(sorted({KNOWN[port] for _, port in services}))
    return [
        Finding(
            4,
            "hard-coded",
            FAIL if services else WARN,
            f"it connects to {shown}{f' ({kinds})' if kinds else ''}, which no config var names",
            some(found.values()),
            _WHY,
            _FIX,
        )
    ]


def _given(config: Mapping[str, str]) -> list[Url | str]:
    """What the app's config vars say: URLs, and all other texts as one, as a host and its port may
    be in two of them."""
    texts = [value for name, value in config.items() if not _OURS.match(name)]
    urls = [read_url(value) if "," not in value else None for value in texts]
    rest = " ".join(text for text, url in zip(texts, urls, strict=True) if url is None)
    return [*filter(None, urls), rest]


def _names(given: Url | str, host: str, port: int) -> bool:
    usual = port in KNOWN or port in (80, 443)
    if isinstance(given, str):
        has_port = usual or str(port) in _NUMBER.findall(given)
        return (host in _HOST.findall(given) and has_port) or (not port and host in given)
    return given.host == host and (port == given.port or (not given.port and usual))


def _address(host: str, port: int) -> str:
    return f"{host}:{port}" if port else host


def _made(run: Run) -> list[tuple[str, int, Evidence]]:
    """host, port and evidence of the connections that its processes made."""
    found = []
    for sight in run.of("connect"):
        host, port = str(sight.data.get("host")), int(sight.data.get("port") or 0)
        text = f"connect {_address(host, port)}"
        if sight.data.get("refused"):
            text += " (refused by doctor)"
        found.append((host, port, Evidence("syscall", sight.where or sight.dyno, text)))
    known = {(host, port) for host, port, _ in found}
    for dyno, host, port in run.connections:
        if (host, port) not in known:
            evidence = Evidence("process", dyno, f"is connected to {host}:{port}")
            found.append((host, port, evidence))
    return found


def swapped(run: Run, files: Mapping[str, str]) -> list[Finding]:
    """Whether the app used what doctor put in the place of its services. files: variable -> the
    SQLite file that it was given."""
    stands = run.stands
    if not stands and not files:
        return unseen(4, "swap", "no config var names a backing service")
    opened = {sight.path for sight in run.of("sqlite", "write")}
    used = [name for name, count in stands.items() if count]
    used += [name for name, path in files.items() if path in opened or run.grown.get(name)]
    rest = sorted({*stands, *files} - {*used})
    evidence = some(
        Evidence("syscall", name, "another address was given, and was used") for name in used
    )
    if rest and used:
        said = f"{names(sorted(used))}: another service was used; not seen: {names(rest)}"
        return [Finding(4, "swap", PASS, said, evidence)]
    if used:
        said = f"another service in {names(sorted(used))} was used at once"
        return [Finding(4, "swap", PASS, said, evidence)]
    elsewhere = [sight for sight in run.of("sqlite") if inside(run, sight.path) and files]
    if elsewhere:
        return [
            Finding(
                4,
                "swap",
                FAIL,
                f"{names(rest)} was given another file, but the app opens its own",
                some(
                    Evidence("syscall", s.where or s.dyno, f"opens {inside(run, s.path)}")
                    for s in elsewhere
                ),
                _WHY,
                _FIX,
            )
        ]
    return unseen(4, "swap", f"nobody connected to {names(rest)} while it ran")
