"""What was worked out of a slug once, for all probes. Pure: the same slug gives the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from localku.check.slug import Slug

T = TypeVar("T")
_MOST = 8  # slugs, or the same slug with other commands


def once_for_a_slug(work: Callable[[Slug], T]) -> Callable[[Slug], T]:
    """work, done once for the same files and commands. The files are kept, so that their identity
    stays theirs."""
    kept: dict[tuple[int, str], tuple[Mapping[str, str], T]] = {}

    def remembered(slug: Slug) -> T:
        key = (id(slug.files), repr(sorted(slug.procfile.items())))
        if key not in kept:
            while len(kept) >= _MOST:
                kept.pop(next(iter(kept)))
            kept[key] = (slug.files, work(slug))
        return kept[key][1]

    return remembered
