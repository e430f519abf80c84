"""V and XI: what the running app writes below its own folder, which is gone with the dyno. Pure."""

from __future__ import annotations

import re

from localku.check.finding import Evidence, Finding, Verdict
from localku.check.judging import FAIL, PASS, WARN, at, inside, names, plural, shown, some
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
            if what == "writes" and path in run.original and path not in run.touched:
                what = "opens to write"
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


_WHY = (
    "a dyno's file system is its own and is thrown away when it restarts, at least once a day:"
    " what is written there is lost, and no other dyno sees it"
)
_FIX = (
    "keep it in a backing service: a database, or an object store for uploads; what is built"
    " belongs into the build or the slug"
)


def slug_writes(run: Run) -> list[Finding]:
    """Factor V."""
    found = {path: what for path, what in written(run).items() if not is_log(path)}
    kept = {*run.touched, *(f"~/{path}" for path in run.at_home)}
    same = [p for p in found if p in run.original and p not in kept]
    brief = [p for p in found if p not in kept and p not in same]
    data = [p for p in found if p in kept and not _is_passing(p)]
    rest = [path for path in found if path not in data and path not in same]
    gone = f" ({len(brief)}, removed again)" if brief else ""
    found |= {path: what for path, what in _databases(run).items() if path not in found}
    same += [path for path in _databases(run) if path not in data and path not in same]
    findings = []
    if run.released:
        findings += _of_release(run)
    if data:
        said = f"it writes {plural(len(data), 'file')} into its own folder: {_grouped(data)}"
        findings.append(_finding(FAIL, said, data, found, _WHY, _FIX))
    if rest:
        said = f"it makes temporary files in its own folder{gone}: {_grouped(rest)}"
        fix = "write them below /tmp, and be able to start without them"
        findings.append(_finding(WARN, said, rest, found, _WHY, fix))
    if same:
        said = (
            f"it opens {_grouped(same)} of its own folder to write, and wrote nothing in this run"
        )
        fix = "data belongs into a backing service; what is only read is opened for reading"
        findings.append(_finding(WARN, said, same, found, _WHY, fix))
    if not findings:
        asked = f" and answered {plural(len(run.answers), 'request')}" if run.answers else ""
        how = "was written" if run.languages else "was left"
        said = f"nothing {how} below its folder while it ran{asked}"
        findings.append(Finding(5, "slug-writes", PASS, said))
    return findings


def _is_passing(path: str) -> bool:
    return bool(is_pid(path) or _CACHE.search(path) or _SOCKET.search(path))


def _finding(
    verdict: Verdict,
    said: str,
    paths: list[str],
    found: dict[str, list[Evidence]],
    why: str,
    fix: str,
) -> Finding:
    evidence = some(each for path in paths for each in found[path])
    return Finding(5, "slug-writes", verdict, said, evidence, why, fix)


def _grouped(paths: list[str]) -> str:
    """Paths; many of one folder as one."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folders.setdefault(path.partition("/")[0], []).append(path)
    shown = []
    for folder, inside_it in folders.items():
        if len(inside_it) > 3:
            shown.append(f"{folder}/ ({len(inside_it)} files)")
        else:
            shown += inside_it
    return names(shown)


def _databases(run: Run) -> dict[str, list[Evidence]]:
    """SQLite files of the slug that are opened to write."""
    found: dict[str, list[Evidence]] = {}
    for sight in run.of("sqlite"):
        path = inside(run, sight.path)
        if path and not sight.data.get("reads"):
            found.setdefault(path, []).append(Evidence("syscall", at(sight), f"opens {path}"))
    return found


def _of_release(run: Run) -> list[Finding]:
    """What the release phase writes is in its own dyno only."""
    made = [p for p in run.released if not (_is_ours(p) or p.endswith(_JOURNAL) or is_log(p))]
    if not made:
        return []
    found = {path: [Evidence("file", path, "is new after the release phase")] for path in made}
    said = f"the release phase writes {_grouped(made)}, which no web dyno will see"
    why = "a release dyno has a file system of its own, which is gone when it ends"
    return [_finding(FAIL, said, made, found, why, _FIX)]


def log_files(run: Run) -> list[Finding]:
    """Factor XI, the half about files."""
    found = {path: what for path, what in written(run).items() if is_log(path)}
    for sight in run.of("write"):
        name = shown(run, sight.path)
        is_tools = name.startswith("~/") and _TOOLS.search(name[2:])
        if not inside(run, sight.path) and name.endswith(".log") and not is_tools:
            text = f"writes {name}"
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
    how = "was written" if run.languages else "is new below its folder"
    return [Finding(11, "log-files-written", PASS, f"no log file {how}")]
