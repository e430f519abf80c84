"""Which files .slugignore keeps out of a slug. Pure: the file's text in, a decision per path out.

Dev Center, "Slug compiler": a pattern a line, as in a .gitignore but without negated ones; a
pattern without a slash matches at any depth, one with a slash begins at the root.
"""

from __future__ import annotations

from pathspec import GitIgnoreSpec


class SlugIgnore:
    """The rules of one .slugignore. text: of the file, "" when there is none."""

    def __init__(self, text: str) -> None:
        lines = [line.partition("#")[0].strip() for line in text.splitlines()]
        kept = [line for line in lines if line and not line.startswith("!")]
        self._spec = GitIgnoreSpec.from_lines(kept) if kept else None

    def is_ignored(self, path: str) -> bool:
        """Whether the slug is without this path (relative to the app's folder, with /)."""
        return self._spec is not None and self._spec.check_file(path).include is True
