"""The last look at a finding before anybody sees it: no secret of the config in any of its texts.

Pure. Probes take care themselves; this is for what an app printed, or a command line holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from localku.check.finding import Evidence, Finding
from localku.check.redact import SHORTEST, Redactor
from localku.logs.words import escaped

_USERINFO = re.compile(r"(://[^\s/:@]*):[^\s/@]+@")
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH|PRIVATE|SALT|DSN", re.I)
_ASSIGNED = re.compile(
    r"((?:api[_-]?key|token|secret|passw(?:or)?d|pwd|authorization|bearer|basic)"
    r"[\"']?\s*[:= ]\s*[\"']?(?:(?:bearer|basic|token)\s+)?)"
    r"([^\s\"',;&]{6,})",
    re.I,
)
# ECMA-48, 5.4 and 8.3.89: control sequences, and commands to the terminal with their text
_TERMINAL = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")
_TRIAL = re.compile(r"/[^\s:'\"]*/localku-doctor-\w+/[\w-]+/(app/|app\b|home\b|tmp\b)")
_PLACES = {"app/": "", "app": ".", "home": "~", "tmp": "/tmp"}  # noqa: S108
LONGEST = 200  # characters of a piece of evidence; cut here, where no half of a secret is left
_SHORTEST = 4  # characters of a secret that is looked for by its name


class Cleaner:
    """config: the config vars. code: texts of the app's files, whose secrets are hidden, too."""

    def __init__(self, config: Mapping[str, str], code: Iterable[str] = ()) -> None:
        self._redactor = Redactor(config, code)
        self._short = {
            value: f"[{name}]"
            for name, value in config.items()
            if _NAMES.search(name) and _SHORTEST <= len(value) < SHORTEST and "://" not in value
        }

    def finding(self, it: Finding) -> Finding:
        """The same finding, with the names of secrets in their places."""
        evidence = tuple(
            Evidence(each.kind, self._shown(each.where)[:LONGEST], self._shown(each.text)[:LONGEST])
            for each in it.evidence
        )
        said, why, fix = self._shown(it.said), self._shown(it.why), self._shown(it.fix)
        return replace(it, said=said, why=why, fix=fix, evidence=evidence)

    def _shown(self, text: str) -> str:
        """A text that does nothing to a terminal: an app's line may have colours, or worse."""
        return escaped(self.text(_TERMINAL.sub("", text)), kept="\t")

    def text(self, text: str) -> str:
        """A text without values of config, passwords in URLs, and what follows `token=`."""
        text = self._redactor.clean(text)
        for value, name in self._short.items():
            text = text.replace(value, name)
        text = _TRIAL.sub(lambda match: _PLACES[match[1]], text)
        return _ASSIGNED.sub(_assigned, _USERINFO.sub(r"\1:[password]@", text))


def _assigned(found: re.Match[str]) -> str:
    if found[2].startswith(("[", "$", "os.", "process.", "<")) or found[2].isalpha():
        return found[0]
    return f"{found[1]}[hidden]"
