"""Several mistakes at once: a file is read to its end, and every bad line is reported.

Pure values: no I/O. START PATH.
"""

from __future__ import annotations

from localku.errors import UserError


class Problems(UserError):
    """Two mistakes or more. As text it is one line for each; `errors` has them one by one."""

    def __init__(self, errors: list[UserError]) -> None:
        super().__init__(
            errors[0].message,
            where=errors[0].where,
            hint=errors[0].hint,
            status=max(error.status for error in errors),
        )
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def raise_if_any(errors: list[UserError]) -> None:
    """Raise the only error as it is, several as one Problems, none not at all."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Problems(errors)


def each(error: UserError) -> list[UserError]:
    """The single mistakes that an error stands for."""
    return error.errors if isinstance(error, Problems) else [error]


def did_you_mean(word: str, known: list[str]) -> str:
    """The known word nearest to a misspelt one, or ""."""
    from difflib import get_close_matches  # only a mistake pays for this import

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def known_words(word: str, known: list[str], what: str) -> str:
    """A hint for an unknown word: `did you mean web? WHAT: web, worker`."""
    nearest = did_you_mean(word, known)
    if nearest and len(known) > 8:
        return f"did you mean {nearest}?"
    listed = f"{what}: {', '.join(known)}" if known else ""
    asked = f"did you mean {nearest}?" if nearest else ""
    return f"{asked} {listed}".strip()
