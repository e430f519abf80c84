"""Names under which an app is reached: what a custom domain may look like. Pure. START PATH."""

from __future__ import annotations

from localku.errors import UserError

NAME_MAX, LABEL_MAX = 253, 63  # octets (RFC 1035 section 2.3.4)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


def normal_domain(text: str) -> str:
    """A domain in lower case: `www.example.com` or `*.example.com`. UserError: "is not a domain".

    The star stands for any name below (Dev Center, "Custom Domains", wildcard domains).
    """
    name = text.strip().lower().removesuffix(".")
    labels = name.removeprefix("*.").split(".")
    if len(name) > NAME_MAX or not all(_is_label(label) for label in labels):
        hint = "write www.example.test or *.example.test"
        raise UserError("is not a domain", hint=hint)
    return name


def _is_label(label: str) -> bool:
    inner = 0 < len(label) <= LABEL_MAX and _LETTERS.issuperset(label)
    return inner and not label.startswith("-") and not label.endswith("-")
