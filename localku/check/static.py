"""The static half: every probe of the table STATIC over one slug. Pure but for the imports.

A probe that fails in itself is one finding, "not observed": it takes no other probe with it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection

from localku.check import places
from localku.check.finding import Finding, Verdict
from localku.check.probes import STATIC, Probe
from localku.check.slug import Slug

# probes that read programs, and know Python and JavaScript alone
_CODE_PROBES = """
environment-names config-files service-hosts database-files database-url session-store
schedule-in-web sigterm-ignored same-database log-files
"""
READ_CODE = frozenset(_CODE_PROBES.split())


def run_static(slug: Slug, only: Collection[int] = ()) -> list[Finding]:
    """The findings of all static probes, by factor. only: factors (1 to 12), all when empty."""
    found: list[Finding] = []
    for probe in STATIC:
        if not only or probe.factor in only:
            found += run_probe(probe, slug)
    return sorted(found, key=lambda each: each.factor)


def run_probe(probe: Probe, slug: Slug) -> list[Finding]:
    """The findings of one static probe; one that says why, where the probe itself failed."""
    unread = places.unread_language(slug) if probe.name in READ_CODE else ""
    if unread:
        said = f"the app is written in {unread}, which this probe cannot read"
        return [Finding(probe.factor, probe.name, Verdict.NOT_OBSERVED, said)]
    module, _, name = probe.target.partition(":")
    try:
        function: Callable[[Slug], list[Finding]] = getattr(importlib.import_module(module), name)
        return function(slug)
    except Exception as error:  # a program that nobody foresaw must not end the report
        said = f"this probe failed: {type(error).__name__}"
        return [Finding(probe.factor, probe.name, Verdict.NOT_OBSERVED, said)]
