"""The report as text, for people. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from localku.check.finding import Evidence, Finding, Verdict
from localku.check.verdicts import Factor

MARKS = {
    Verdict.PASS: ("pass", "32"),
    Verdict.WARN: ("WARN", "33"),
    Verdict.FAIL: ("FAIL", "31"),
    Verdict.NOT_OBSERVED: ("not observed", "2"),
}
INDENT = " " * 8


def lines(found: Sequence[Factor], *, color: bool, width: int, verbose: bool = False) -> list[str]:
    """The report. width: of the terminal. verbose: also what passed and was not observed."""
    out: list[str] = []
    for factor in found:
        out += _factor(factor, color=color, width=width, verbose=verbose)
    return [*out, "", summary(found)]


def summary(found: Sequence[Factor]) -> str:
    """`2 fail, 1 warn, 8 pass, 1 not observed.`"""
    counts = {verdict: sum(each.verdict is verdict for each in found) for verdict in MARKS}
    order = (Verdict.FAIL, Verdict.WARN, Verdict.PASS, Verdict.NOT_OBSERVED)
    said = ", ".join(f"{counts[each]} {each.value}" for each in order if counts[each])
    return f"{said} of {len(found)} factors." if len(found) != 1 else f"{said}."


def _factor(factor: Factor, *, color: bool, width: int, verbose: bool) -> list[str]:
    word, code = MARKS[factor.verdict]
    mark = f"{word:<12}"
    mark = f"\x1b[{code}m{mark}\x1b[0m" if color else mark
    out = [f"{factor.roman:>4}  {mark}  {factor.name}"]
    bad = [each for each in factor.findings if each.verdict in (Verdict.WARN, Verdict.FAIL)]
    for finding in factor.findings if verbose else bad or factor.findings[:1]:
        out += _finding(finding, width, verbose or bool(bad))
    if not verbose and bad:
        rest = len(factor.findings) - len(bad)
        passed = sum(each.verdict is Verdict.PASS for each in factor.findings)
        if rest:
            out.append(
                f"{INDENT}({passed} other {'probe' if passed == 1 else 'probes'} passed)"
                if passed
                else ""
            )
    return [line for line in out if line]


def _finding(finding: Finding, width: int, full: bool) -> list[str]:
    word = MARKS[finding.verdict][0].lower()
    out = _wrap(f"{word}: {finding.said}  [{finding.probe}]", width, INDENT, INDENT + "  ")
    if not full:
        return _wrap(finding.said, width, INDENT, INDENT)
    for each in finding.evidence:
        out += _wrap(_evidence(each), width, f"{INDENT}  | ", f"{INDENT}  |   ")
    if finding.why:
        out += _wrap(f"Why: {finding.why.rstrip('.')}.", width, f"{INDENT}  ", f"{INDENT}       ")
    if finding.fix:
        out += _wrap(f"Do:  {finding.fix.rstrip('.')}.", width, f"{INDENT}  ", f"{INDENT}       ")
    return out


def _evidence(each: Evidence) -> str:
    return f"{each.where}: {each.text}" if each.where else each.text


def _wrap(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
