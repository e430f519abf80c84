"""III: is config read from the environment, and does a change of it take effect? Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from localku.check.finding import Evidence, Finding
from localku.check.judging import FAIL, PASS, WARN, at, inside, names, plural, some, unseen
from localku.check.record import Run, Sight

# read by programs below the app's own code, where no hook looks
_QUIET = re.compile(
    r"^(PYTHON\w*|NODE_\w+|LC_\w+|LANG|TZ|PATH|HOME|LD_\w+|MALLOC_\w+|WEB_CONCURRENCY|LOCALKU_\w+"
    r"|RAILS_\w+|RACK_\w+|GEM_\w+|BUNDLE_\w+|JAVA_\w+|PORT|DYNO|PS|PIP_\w+|DISABLE_COLLECTSTATIC"
    r"|(BUILD|HEROKU)\w*|NPM_\w+|YARN_\w+|SECRET_KEY_BASE|UV_\w+|POETRY_\w+)$"
)
_CONFIG = re.compile(
    r"(^|/)(config|settings?|conf|secrets?|credentials)[\w.-]*\.(json|ya?ml|ini|toml|cfg|conf|env)$"
    r"|(^|/)\.env[\w.-]*$|\.(ini|cfg|conf|properties)$",
    re.I,
)
_DATA = (".db", ".sqlite", ".sqlite3", ".py", ".js", ".rb", ".html", ".css", ".txt", ".md")
_NOT_CONFIG = re.compile(
    r"(package(-lock)?|tsconfig|composer|manifest|app|pyproject|Pipfile)\b[\w.-]*$|locale|i18n"
    r"|(^|/)logging\.\w+$|alembic\.ini$"
)


def reads(run: Run, config: Mapping[str, str], sources: Mapping[str, str]) -> list[Finding]:
    """Which config vars the app reads. sources: texts of its files, in which a name may stand that
    was not read in this run."""
    if run.failed:
        return unseen(3, "env-reads", run.failed)
    if "python" not in run.languages:
        return unseen(3, "env-reads", "reads of variables can be seen in Python only")
    seen = {str(sight.data.get("name")): sight for sight in reversed(run.of("env"))}
    commands = " ".join(run.commands.values())
    vars_ = [name for name in config if not _QUIET.match(name)]
    if not vars_:
        return unseen(3, "env-reads", "the app has no config vars here")
    idle = [name for name in vars_ if name not in seen and name not in commands]
    idle = [name for name in idle if not any(name in text for text in sources.values())]
    evidence = some(
        Evidence("syscall", seen[name].where, f"reads {name}")
        for name in vars_
        if name in seen and seen[name].where
    )
    if not idle:
        read = [name for name in vars_ if name in seen]
        said = f"of {plural(len(vars_), 'config var')} these were read: {names(read)}"
        return (
            [Finding(3, "env-reads", PASS, said, evidence)]
            if read
            else unseen(
                3,
                "env-reads",
                "none of the config vars was read in this run, though the code names them",
            )
        )
    return [
        Finding(
            3,
            "env-reads",
            WARN,
            f"set, but never read: {names(idle)}",
            some(Evidence("process", "all dynos", f"no read of {name}") for name in idle),
            "who changes a config var expects that something changes; if the code has the value"
            " instead, deploys cannot differ",
            "read it from the environment, or take it out of the config",
        )
    ]


def files(run: Run) -> list[Finding]:
    """Whether it reads config from files in its folder that git does not ship as code."""
    if run.failed and not run.sights:
        return unseen(3, "config-files-read", run.failed)
    if "python" not in run.languages:
        return unseen(3, "config-files-read", "files that are read can be seen in Python only")
    found: dict[str, Sight] = {}
    words = {*" ".join(run.commands.values()).split(), *run.config.values()}
    for sight in run.of("read"):
        path = inside(run, sight.path)
        named = path in words and not path.endswith(_DATA)
        is_config = _CONFIG.search(path) and not _NOT_CONFIG.search(path)
        if path in run.original and (named or is_config):
            found.setdefault(path, sight)
    if not found:
        return [Finding(3, "config-files-read", PASS, "it read no config file of its own folder")]
    return [
        Finding(
            3,
            "config-files-read",
            WARN,
            f"it reads config from {names(list(found))}",
            some(Evidence("syscall", at(s), f"opens {path}") for path, s in found.items()),
            "a file in the slug is the same in every deploy: what differs between them, or is"
            " secret, cannot stand there",
            "keep what differs in config vars; a file for what never differs is fine",
        )
    ]


def effect(run: Run, config: Mapping[str, str], changed: Sequence[str]) -> list[Finding]:
    """Whether a changed value is seen. run: one in which these config vars were others."""
    if run.failed and not run.answers:
        return unseen(3, "changed-env", run.failed)
    if not changed:
        return unseen(3, "changed-env", "no config var's text is seen in an answer")
    bodies = [answer.body for answer in run.answers if answer.body]
    stale = [
        name
        for name in changed
        if any(_has_old(body, config[name], run.config[name]) for body in bodies)
        and not any(run.config[name] in body for body in bodies)
    ]
    if not stale:
        said = f"another value of {names(list(changed))} was seen in the answers"
        return [Finding(3, "changed-env", PASS, said)]
    return [
        Finding(
            3,
            "changed-env",
            FAIL,
            f"a change of {names(stale)} has no effect: the old value stands elsewhere, too",
            some(
                Evidence("request", str(a.ask), f"the old value of {name}")
                for name in stale
                for a in run.answers
                if config[name] in a.body
            ),
            "`heroku config:set` is how deploys differ; a value in the code needs a commit",
            "read it from the environment, at one place",
        )
    ]


def _has_old(body: str, old: str, new: str) -> bool:
    return old in body.replace(new, "")
