"""The report as one JSON object. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localku.check.finding import Verdict
from localku.check.text import summary
from localku.check.verdicts import Factor


def document(app: str, found: Sequence[Factor]) -> dict[str, Any]:
    """The whole report: names as in the Python values, verdicts as texts."""
    counts = {each.value: sum(factor.verdict is each for factor in found) for each in Verdict}
    return {
        "app": app,
        "summary": summary(found),
        "counts": counts,
        "factors": [
            {
                "number": factor.number,
                "roman": factor.roman,
                "name": factor.name,
                "verdict": factor.verdict.value,
                "findings": [finding.to_json() for finding in factor.findings],
            }
            for factor in found
        ],
    }
