"""IV: are services attached by config vars alone, so that another one can be put in place? Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, inside, names, some, unseen
from localku.check.record import Run

KNOWN = {5432: "PostgreSQL", 3306: "MySQL", 6379: "Redis", 27017: "MongoDB", 5672: "RabbitMQ"}
KNOWN |= {11211: "memcached", 9200: "Elasticsearch", 9092: "Kafka", 25: "SMTP", 587: "SMTP"}
KNOWN |= {465: "SMTP", 1433: "SQL Server", 5671: "RabbitMQ"}
_HOST = re.compile(r"[\w.-]+")
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
    values = " ".join(run.config.values())
    hosts = set(_HOST.findall(values))
    asked = {(str(s.data.get("host")), str(s.data.get("port"))) for s in run.of("lookup")}
    found: dict[tuple[str, int], Evidence] = {}
    total = 0
    for host, port, evidence in _made(run):
        if port in own or port == 53:
            continue
        total += 1
        aliases = {host, *(name for name, where in asked if where == str(port))}
        if aliases & hosts and (str(port) in values or port in KNOWN or port in (80, 443)):
            continue
        found.setdefault((host, port), evidence)
    if not found:
        if not total:
            return unseen(4, "hard-coded", "it connected to nothing")
        return [Finding(4, "hard-coded", PASS, "it connects only to what config vars name")]
    services = [(host, port) for host, port in found if port in KNOWN]
    shown = names([f"{host}:{port}" for host, port in found])
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


def _made(run: Run) -> list[tuple[str, int, Evidence]]:
    """host, port and evidence of the connections that its processes made."""
    found = []
    for sight in run.of("connect"):
        host, port = str(sight.data.get("host")), int(sight.data.get("port") or 0)
        text = f"connect {host}:{port}"
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
