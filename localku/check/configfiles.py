"""Probe III: does configuration come from files of the app instead of config vars? Pure.

Named by environment (`settings_prod.py`, `config/production.yml`), or read from a file of the
slug that holds what differs between deploys. Rails' config/environments is left out: the
framework keeps code there.
"""

from __future__ import annotations

import posixpath
import re

from localku.check import places
from localku.check.commands import steps
from localku.check.evidence import Probing, line_at, listed, seen
from localku.check.finding import Evidence, Finding
from localku.check.pyfacts import facts_of
from localku.check.pymodules import app_python, reached_python
from localku.check.slug import Slug

_FILES = Probing(3, "config-files")
_NAMES = Probing(3, "config-vars")
_ENVS = r"(?:prod|production|staging|live)"
_BY_NAME = re.compile(
    rf"(?:.*/)?(?:(?:settings|config|configuration|conf|appsettings)[._-]{_ENVS}|{_ENVS}"
    rf"[._-](?:settings|config|conf))\.(?:py|js|cjs|ts|json|ya?ml|toml|ini|properties)"
    rf"|(?:.*/)?(?:settings|config|configs|conf)/{_ENVS}\.(?:py|js|cjs|ts|json|ya?ml|toml|ini)",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"(?:.*/)?[\w.-]*(?:config|settings|secrets|credentials)[\w.-]*\.(?:json|ya?ml|ini|toml|cfg)"
)
_DEPLOYED = re.compile(
    r"""["']?\b[\w.-]*(?:password|passwd|secret|api_?key|token|database_?url|db_?host|hostname|dsn
    |database_?uri|redis_?url)["']?\s*[:=]\s*["']?[^\s"',{}\[\]]{3,}""",
    re.VERBOSE | re.IGNORECASE,
)
_CONFIG_ENDINGS = (".ini", ".cfg", ".conf", ".toml", ".yml", ".yaml", ".json")
_OPENS = frozenset(("open", "read_text", "read", "load", "from_file", "from_json", "from_pyfile"))
# set by the platform, the shell or the interpreter, not by a person
_GIVEN = """
PORT DYNO HOME PATH USER SHELL PWD LANG TZ TERM HOSTNAME TMPDIR TEMP PYTHONPATH VIRTUAL_ENV LOGNAME
DJANGO_SETTINGS_MODULE EDITOR DISPLAY APPDATA USERPROFILE WEB_CONCURRENCY
"""
_REQUEST = re.compile(  # what a request brings, by CGI's names (RFC 3875, 4.1) and WSGI's
    r"HTTP_.*|wsgi\..*|(?:AUTH_TYPE|CONTENT_|GATEWAY_INTERFACE|PATH_|QUERY_STRING|REMOTE_|REQUEST_"
    r"|SCRIPT_NAME|SERVER_).*"
)
_PLATFORM = frozenset(_GIVEN.split())


def files(slug: Slug) -> list[Finding]:
    """Files with the configuration of one environment, and those that a program reads."""
    named = [path for path in sorted(slug.files) if _BY_NAME.fullmatch(path) and _counts(path)]
    evidence = [seen(path, "holds the configuration of one environment") for path in named]
    evidence += _read_by_code(slug)
    evidence += _named_by_command(slug)
    if not evidence:
        return [_FILES.passed("no configuration of an environment was found in files")]
    why = "A change of configuration needs a commit and a build, and secrets end in git."
    fix = "Keep what differs between deploys in config vars, and one settings file for all."
    names = [re.sub(r"^(?:reads|names) (?=\S+$)", "", each.text) for each in evidence]
    names = [
        each.where if " " in name else name for each, name in zip(evidence, names, strict=True)
    ]
    said = f"keeps configuration in files: {listed(list(dict.fromkeys(names)), 3)}"
    return [_FILES.warn(said, evidence, why, fix)]


def _counts(path: str) -> bool:
    return not places.is_aside(path) and not places.is_template(path) and "webpack" not in path


def _read_by_code(slug: Slug) -> list[Evidence]:
    """Config files of the slug that code opens by name and that hold hosts or secrets."""
    found = []
    for path, text in app_python(slug).items():
        facts = facts_of(text)
        for call in facts.calls if facts else ():
            name = call.args[0] if call.args else None
            if call.last not in _OPENS or not isinstance(name, str) or not _DATA.fullmatch(name):
                continue
            for base in ("", posixpath.dirname(path)):
                there = posixpath.normpath(posixpath.join(base, name))
                if _DEPLOYED.search(slug.files.get(there, "")) and _counts(there):
                    found.append(seen(f"{path}:{call.line}", f"reads {there}"))
                    break
    return found


def _named_by_command(slug: Slug) -> list[Evidence]:
    """Config files of the slug that a command or a config var names."""
    named = [(word, step.where) for step in steps(slug) for word in step.words[1:]]
    named += [(value, f"config var {name}") for name, value in slug.env.items()]
    found = []
    for word, where in named:
        path = posixpath.normpath(word.rpartition("=")[2])
        text = slug.files.get(path, "")
        is_config = path.endswith(_CONFIG_ENDINGS) or posixpath.basename(path) == "config"
        if is_config and _counts(path) and _DEPLOYED.search(text):
            found.append(seen(where, f"names {path}"))
    return found


def names(slug: Slug) -> list[Finding]:
    """Config vars that the app cannot start without and that nothing here names."""
    missing: dict[str, Evidence] = {}
    asked = set()
    for path in sorted(reached_python(slug)):
        facts = facts_of(slug.files[path])
        for read in facts.env if facts else ():
            if _REQUEST.fullmatch(read.name):
                continue
            asked.add(read.name)
            certain = read.required and not read.inside and not read.guarded
            if certain and read.name not in slug.env and read.name not in _PLATFORM:
                line = line_at(slug.files[path], read.line)
                missing.setdefault(read.name, seen(f"{path}:{read.line}", line))
    optional = {read for read in missing if _has_default(slug, read)}
    missing = {name: each for name, each in missing.items() if name not in optional}
    if missing:
        why = "The app ends at its start where the config var is not set; nobody new knows of it."
        fix = "Name it in app.json (and in .env here, for `localku start`)."
        said = f"needs {listed(list(missing))}, which neither .env nor app.json names"
        return [_NAMES.warn(said, missing.values(), why, fix)]
    if asked:
        return [_NAMES.passed(f"reads {listed(sorted(asked))} from the environment")]
    return []


def _has_default(slug: Slug, name: str) -> bool:
    """Whether the app asks elsewhere whether the config var is there: `if "X" in os.environ`."""
    ask = re.compile(
        rf"""["']{re.escape(name)}["']\s+(?:not\s+)?in\b|environ\.(?:get|setdefault)\(\s*["']{re.escape(name)}["']"""
    )
    return any(ask.search(slug.files[path]) for path in reached_python(slug))
