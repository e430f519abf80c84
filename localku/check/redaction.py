"""The last look at a finding before anybody sees it: no secret of the config in any of its texts.

Pure. Probes take care themselves; this is for what an app printed, or a command line holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from localku.check.finding import Evidence, Finding
from localku.logs.secrets import hidden

_USERINFO = re.compile(r"(://[^\s/:@]*):[^\s/@]+@")
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH|PRIVATE|SALT|DSN", re.I)
_ASSIGNED = re.compile(
    r"((?:api[_-]?key|token|secret|passw(?:or)?d|pwd|authorization|bearer)[\"']?\s*[:= ]\s*[\"']?)"
    r"([^\s\"',;&]{6,})",
    re.I,
)
_SHORTEST = 4  # characters of a secret that is looked for by its name


def clean(finding: Finding, config: Mapping[str, str]) -> Finding:
    """The same finding, with the names of secrets in their places."""
    return replace(
        finding,
        said=of_text(finding.said, config),
        why=of_text(finding.why, config),
        fix=of_text(finding.fix, config),
        evidence=tuple(
            Evidence(each.kind, of_text(each.where, config), of_text(each.text, config))
            for each in finding.evidence
        ),
    )


def of_text(text: str, config: Mapping[str, str]) -> str:
    """A text without secrets of config, passwords in URLs, and what follows `token=`."""
    text = hidden(text, config)
    for name, value in config.items():
        if _NAMES.search(name) and len(value) >= _SHORTEST and "://" not in value:
            text = text.replace(value, f"[{name}]")
    text = _USERINFO.sub(r"\1:[password]@", text)
    return _ASSIGNED.sub(_assigned, text)


def _assigned(found: re.Match[str]) -> str:
    if found[2].startswith(("[", "$", "os.", "process.", "<")) or found[2].isalpha():
        return found[0]
    return f"{found[1]}[hidden]"
