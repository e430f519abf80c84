"""From findings to a verdict for each factor, and to an exit status. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from localku.check.finding import FACTORS, ROMAN, Finding, Verdict
from localku.errors import UserError

ORDER = (Verdict.NOT_OBSERVED, Verdict.PASS, Verdict.WARN, Verdict.FAIL)


@dataclass(frozen=True)
class Factor:
    """A factor with all that was found about it. verdict: the worst of it; "not observed" when no
    probe saw anything."""

    number: int
    name: str
    verdict: Verdict
    findings: tuple[Finding, ...]

    @property
    def roman(self) -> str:
        """`IX`."""
        return ROMAN[self.number]


def worst(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict: what was not observed says nothing beside one that was."""
    return max((each.verdict for each in findings), key=ORDER.index, default=Verdict.NOT_OBSERVED)


def factors(findings: Sequence[Finding], wanted: Sequence[int]) -> list[Factor]:
    """Those factors with their findings, the worst first."""
    found = []
    for number in wanted:
        own = [each for each in findings if each.factor == number]
        own.sort(key=lambda each: -ORDER.index(each.verdict))
        found.append(Factor(number, FACTORS[number], worst(own), tuple(own)))
    return found


def status(found: Sequence[Factor], fail_on: str) -> int:
    """The exit status: 1 when a factor is as bad as fail_on (`warn` or `fail`), else 0."""
    if not fail_on:
        return 0
    limit = ORDER.index(Verdict(fail_on))
    return int(any(ORDER.index(each.verdict) >= limit for each in found))


def read_only(text: str) -> list[int]:
    """Factors of `--only`: numbers, Roman ones, or the beginning of names, with commas between.
    Raises UserError."""
    if not text:
        return list(FACTORS)
    romans = {roman.lower(): number for number, roman in ROMAN.items()}
    found: set[int] = set()
    for word in (each.strip().lower() for each in text.split(",")):
        if word.isdigit() and int(word) in FACTORS:
            found.add(int(word))
        elif word in romans:
            found.add(romans[word])
        else:
            near = [n for n, name in FACTORS.items() if word and name.lower().startswith(word)]
            if len(near) != 1:
                hint = "1 to 12, I to XII, or a name: " + ", ".join(FACTORS.values()).lower()
                raise UserError(f"{word or 'nothing'} is not a factor", where="--only", hint=hint)
            found.add(near[0])
    return sorted(found)
