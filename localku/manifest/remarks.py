"""What works here and would be different elsewhere: on Heroku, under honcho, foreman, heroku local.

Texts in, remarks out: (place, sentence). Never a value of a config var. Pure; for `check` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from localku.manifest import dotenvfile, peers, textfile
from localku.manifest.envfile import EnvFile, is_key
from localku.manifest.procfile import WEB, ProcfileEntry

Remark = tuple[str, str]

# heroku/buildpacks-procfile, SPEC.md: 1 to 63 of a-z, 0-9 and `-`, which stands inside only.
_HEROKU_TYPE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
MAX_TYPE = 63
MAX_CONFIG = 64 * 1024  # bytes of all config vars of an app (Dev Center, "Limits")


def of_procfile(text: str, name: str) -> list[Remark]:
    """Remarks on each good line of one Procfile; bad lines are errors elsewhere."""
    remarks: list[Remark] = []
    if text.startswith("\ufeff"):
        what = "honcho, foreman and heroku local lose this line: a byte order mark is before it"
        remarks.append((f"{name}:1", what))
    for number, line in enumerate(textfile.normalise(text).split("\n"), 1):
        where = f"{name}:{number}"
        if line.lstrip().startswith("#") and not line.startswith("#"):
            remarks.append((where, "heroku local fails on a comment that is indented"))
            continue
        match = re.match(r"([A-Za-z0-9_-]+):(\s*)\S", line)
        if match:
            remarks += [(where, what) for what in _of_line(match[1], match[2])]
    return remarks


def _of_line(name: str, space: str) -> list[str]:
    said = []
    fitting = name.lower().replace("_", "-").strip("-")
    if len(name) > MAX_TYPE:
        said.append(f"Heroku refuses the process type {name}: more than {MAX_TYPE} characters")
    elif name.strip("-") != name and "_" not in name:
        said.append(f"Heroku refuses the process type {name}: a dash stands first or last")
    elif not _HEROKU_TYPE.fullmatch(name):
        said.append(f"Heroku may call the process type {name} {fitting}")
    if "-" in name:
        said.append(f"heroku local refuses the process type {name} for its dash")
    if not space:
        said.append("Heroku's classic parser, overmind and hivemind want a blank after the colon")
    return said


def of_types(entries: Mapping[str, ProcfileEntry]) -> list[Remark]:
    """Remarks on the process types of an app together."""
    remarks: list[Remark] = []
    if WEB not in entries:
        remarks.append(("", "no web process: the router answers every request with H14"))
    by_lower: dict[str, ProcfileEntry] = {}
    for name, entry in entries.items():
        other = by_lower.setdefault(name.lower().replace("_", "-"), entry)
        if other is not entry:
            what = f"Heroku may take {name} and {other.name} for one process type"
            remarks.append((entry.where, what))
    return remarks


def of_envfile(text: str, name: str, environ: Mapping[str, str]) -> list[Remark]:
    """Remarks on each line of one readable .env."""
    remarks: list[Remark] = []
    plain = textfile.normalise(text)
    mark = plain != text and text.startswith("\ufeff")
    for line, binding in dotenvfile.numbered(plain):
        key = binding.key
        if binding.error or key is None or binding.value is None or not is_key(key):
            continue
        where = f"{name}:{line}"
        if mark:
            mark = False
            what = f"foreman, honcho and overmind lose {key}: a byte order mark is before it"
            remarks.append((where, what))
        value = dotenvfile.expand(EnvFile(), binding, where, environ)
        source = binding.original.string.strip("\n")
        remarks += [(where, f"{key}: {what}") for what in peers.differences(source, key, value)]
        if key.startswith(("HEROKU_", "__")):
            remarks.append((where, f"Heroku keeps names such as {key} for itself"))
    return remarks


def of_config(env: Mapping[str, str]) -> list[Remark]:
    """Remarks on all config vars together."""
    total = sum(len(key.encode()) + len(value.encode()) for key, value in env.items())
    if total > MAX_CONFIG:
        return [("", f"{total} bytes of config vars: Heroku takes {MAX_CONFIG} at most")]
    return []
