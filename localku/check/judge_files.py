"""V and XI: what the running app writes below its own folder, which is gone with the dyno. Pure."""

from __future__ import annotations

import re

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, at, inside, names, plural, some
from localku.check.record import Run

_LOG = re.compile(
    r"(^|/)(logs?/.+|[^/]+\.log(\.\d+|\.\d{4}-\d\d-\d\d)?)$|(^|/)(syslog|nohup\.out)$"
)
_PID = re.compile(r"(^|/)([^/]+\.pid|pids/[^/]+)$")
_SOCKET = re.compile(r"\.sock$")
_CACHE = re.compile(
    r"(^|/)(__pycache__|\.?cache|tmp|temp|\.next|\.nuxt|\.parcel-cache|bootsnap\w*)(/|$)|\.py[co]$"
    r"|(^|/)\.?[\w-]*(lock|\.lck)$|~$|\.swp$"
)
# what tools keep in HOME for themselves
_TOOLS = re.compile(
    r"^\.(npm|cache|gunicorn|config|local|bundle|gem|yarn|node\w*|pki|dotnet|java|m2|gradle|cargo|pm2"
    r"|\w+_history|lesshst|wget-hsts|nuxtrc|pnpm\w*|corepack|streamlit|ipython|jupyter|matplotlib)\b"
)
_COMPILED = re.compile(r"(^|/)__pycache__/|\.py[co]$")
_JOURNAL = ("-wal", "-shm", "-journal")


def written(run: Run) -> dict[str, list[Evidence]]:
    """Path in the app's folder -> evidence, for all that was written there while it ran."""
    found: dict[str, list[Evidence]] = {}
    for sight in run.of("write", "sqlite"):
        path = inside(run, sight.path)
        if path and not _is_ours(path):
            what = "opens the database" if sight.event == "sqlite" else "writes"
            text = f"{what} {path}"
            if sight.event == "sqlite" and path not in run.touched:
                continue
            found.setdefault(path, []).append(Evidence("syscall", at(sight), text))
    for path in run.touched:
        if not _is_ours(path) and not path.endswith(_JOURNAL):
            is_new = path not in run.original
            text = "is new after the app ran" if is_new else "was changed while the app ran"
            found.setdefault(path, []).append(Evidence("file", path, text))
    for path in run.at_home:
        if not _TOOLS.search(path) and not path.endswith(_JOURNAL):
            where = f"~/{path}"
            found.setdefault(where, []).append(
                Evidence("file", where, "is new (on Heroku ~ is /app)")
            )
    return _without_folders(found)


def _is_ours(path: str) -> bool:
    return bool(_COMPILED.search(path)) or path.startswith(".localku/") or path == ".localku"


def _without_folders(found: dict[str, list[Evidence]]) -> dict[str, list[Evidence]]:
    """Without folders that were made only to hold files that are named as well."""
    return {
        path: evidence
        for path, evidence in found.items()
        if not any(other.startswith(path + "/") for other in found)
    }


def is_log(path: str) -> bool:
    """Whether a file is a log by its name."""
    return bool(_LOG.search(path))


def is_pid(path: str) -> bool:
    """Whether a file holds a process id by its name."""
    return bool(_PID.search(path))


def slug_writes(run: Run) -> list[Finding]:
    """Factor V."""
    found = {path: what for path, what in written(run).items() if not is_log(path)}
    data = [p for p in found if not (is_pid(p) or _CACHE.search(p) or _SOCKET.search(p))]
    rest = [path for path in found if path not in data]
    why = (
        "a dyno's file system is its own and is thrown away when it restarts, at least once a day:"
        " what is written there is lost, and no other dyno sees it"
    )
    findings = []
    if data:
        findings.append(
            Finding(
                5,
                "slug-writes",
                FAIL,
                f"it writes {plural(len(data), 'file')} into its own folder: {names(data)}",
                some(each for path in data for each in found[path]),
                why,
                "keep it in a backing service: a database, or an object store for uploads; what is"
                " built belongs into the build or the slug",
            )
        )
    if rest:
        findings.append(
            Finding(
                5,
                "slug-writes",
                WARN,
                f"it keeps passing files in its own folder: {names(rest)}",
                some(each for path in rest for each in found[path]),
                why,
                "write them below /tmp, and be able to start without them",
            )
        )
    opened = {
        inside(run, sight.path): Evidence("syscall", at(sight), f"opens {inside(run, sight.path)}")
        for sight in run.of("sqlite")
        if inside(run, sight.path) and not sight.data.get("reads")
    }
    idle = {path: what for path, what in opened.items() if path not in found}
    if idle:
        findings.append(
            Finding(
                5,
                "slug-writes",
                WARN,
                f"it opens a database of its own folder to write: {names(list(idle))}",
                some(idle.values()),
                f"{why} (in the requests of this run nothing was written)",
                "a database is a backing service; one that is only read is opened with mode=ro",
            )
        )
    if not findings:
        asked = f" and answered {plural(len(run.answers), 'request')}" if run.answers else ""
        said = f"nothing was written below its folder while it ran{asked}"
        findings.append(Finding(5, "slug-writes", PASS, said))
    return findings


def log_files(run: Run) -> list[Finding]:
    """Factor XI, the half about files."""
    found = {path: what for path, what in written(run).items() if is_log(path)}
    for sight in run.of("write"):
        if not inside(run, sight.path) and sight.path.endswith(".log"):
            text = f"writes {sight.path.rpartition('/')[2]}"
            found.setdefault(sight.path, []).append(Evidence("syscall", at(sight), text))
    if found:
        said = f"it writes log files: {names([path.rpartition('/')[2] for path in found])}"
        return [
            Finding(
                11,
                "log-files-written",
                FAIL,
                said,
                some(each for what in found.values() for each in what),
                "nobody reads a file in a dyno, and it is gone with the dyno; only what processes"
                " say on stdout and stderr reaches `heroku logs` and drains",
                "log to stdout, one event a line, and let the platform route it",
            )
        ]
    return [Finding(11, "log-files-written", PASS, "no log file was written")]
