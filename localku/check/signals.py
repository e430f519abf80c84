"""Probe IX: does the code ignore SIGTERM? Pure."""

from __future__ import annotations

import re

from localku.check import jsfacts
from localku.check.evidence import Probing, line_of, seen
from localku.check.finding import Finding
from localku.check.pymodules import app_python
from localku.check.slug import Slug

_AT = Probing(9, "sigterm-ignored")
_PYTHON = re.compile(
    r"^[ \t]*(?:\w+\.)?signal\(\s*(?:\w+\.)*SIGTERM\s*,"
    r"\s*(?:(?:\w+\.)*SIG_IGN|lambda[^:]*:\s*None)\s*\)",
    re.M,
)
_NODE = re.compile(
    r"process\.(?:on|addListener)\(\s*['\"]SIGTERM['\"]\s*,\s*"
    r"(?:\(\s*\w*\s*\)\s*=>|function\s*\w*\s*\(\s*\w*\s*\))\s*\{\s*\}"
)


def ignored(slug: Slug) -> list[Finding]:
    """Handlers of SIGTERM that do nothing."""
    found = []
    for path, text in app_python(slug).items():
        for match in _PYTHON.finditer(text):
            found.append(seen(f"{path}:{line_of(text, match.start())}", match[0]))
    for path, text in jsfacts.app_javascript(slug).items():
        plain = jsfacts.without_comments(text)
        for match in _NODE.finditer(plain):
            found.append(seen(f"{path}:{line_of(plain, match.start())}", match[0]))
    if not found:
        return [_AT.absent("no code was found that ignores SIGTERM")]
    why = "Heroku kills what is still there 30 s after SIGTERM (R12): requests and jobs are lost."
    fix = "Let SIGTERM end the program, or handle it: finish what is under way, then exit."
    return [_AT.fail("ignores SIGTERM", found, why, fix)]
