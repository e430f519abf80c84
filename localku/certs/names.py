"""What the CA of this machine may speak for: names that belong to nobody else. Pure."""

from __future__ import annotations

# RFC 6761: these are nobody's; `local` and `internal` are other machines' names. A constraint
# covers all names below it, too.
NAMES = ("localhost", "test")


def may_sign(host: str) -> bool:
    """Whether a certificate for that host would be believed: the CA's name constraints allow it.

    Not for a wildcard: browsers refuse `*.localhost` and `*.test` as too wide.
    """
    return not host.startswith("*") and any(
        host == name or host.endswith(f".{name}") for name in NAMES
    )
