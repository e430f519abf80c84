"""Text for a terminal: its width, its colours, wrapped paragraphs, and a page of Markdown."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from collections.abc import Iterable

from localku.cli.logs import is_colored

WIDEST, NARROWEST = 84, 30  # columns: longer lines are hard to read
BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"
STRONG = re.compile(r"\*\*([^*]+)\*\*")
EMPHASIS = re.compile(r"(?<![\w*])\*([^\s*][^*]*)\*(?![\w*])")
ITEM = re.compile(r"(\d+\.|[-*]) ")
URL = re.compile(r"<(https?://[^>]+)>")
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


class Paper:
    """width: columns. height: lines, 0 for no end. colored: whether there may be escapes. utf8:
    whether ✓ can be shown."""

    def __init__(self, width: int, height: int = 0, *, colored: bool, utf8: bool) -> None:
        self.height = height
        self.width = max(NARROWEST, min(width, WIDEST))
        self.colored = colored
        self.yes, self.no = ("✓", "✗") if utf8 else ("ok", "--")

    def ink(self, code: str, text: str) -> str:
        """Text in a colour, line by line."""
        if not self.colored or not text:
            return text
        return "\n".join(f"\x1b[{code}m{line}\x1b[0m" for line in text.split("\n"))

    def codes(self, text: str) -> str:
        """`words` in backticks as code: coloured, or left as they are. **Bold** and *other* words
        lose their marks."""
        pieces = re.split(r"(`[^`]+`)", text)
        for at, piece in enumerate(pieces):
            if at % 2:
                pieces[at] = self.ink(CYAN, piece[1:-1]) if self.colored else piece
            else:
                strong = STRONG.sub(lambda match: self.ink(BOLD, match[1]), piece)
                pieces[at] = EMPHASIS.sub(r"\1", strong)
        return "".join(pieces)

    def para(self, text: str, indent: str = "", first: str | None = None) -> list[str]:
        """A wrapped paragraph. first: the indent of its first line, which may be a mark."""
        start = indent if first is None else first
        plain = textwrap.wrap(
            " ".join(text.split()),
            self.width - 1,
            initial_indent="\0" * len(start),
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        whole = "\n".join(plain).lstrip("\0")
        return (start + self.codes(whole)).split("\n")

    def row(self, line: str) -> list[str]:
        """A row of a table, as an item of a list; its headings and rules are left out."""
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not all(cells) or set(line) <= set("|-: ") or not line.startswith("| `"):
            return []
        return self.para(f"{cells[0]}: {', '.join(cells[1:])}", "  ", "- ")

    def page(self, text: str) -> list[str]:
        """Markdown as far as a lesson's README uses it: headings, paragraphs, lists, code."""
        lines: list[str] = []
        held: list[str] = []
        in_code = False

        def flush() -> None:
            if held:
                joined = URL.sub(r"\1", LINK.sub(r"\1 (\2)", " ".join(held)))
                match = ITEM.match(joined)
                mark = match[0] if match else ""
                lines.extend(self.para(joined[len(mark) :], " " * len(mark), mark))
                held.clear()

        for line in text.splitlines():
            if line.startswith("```"):
                flush()
                in_code = not in_code
            elif in_code:
                lines.append("    " + self.ink(CYAN, line))
            elif line.startswith("#"):
                flush()
                lines.append(self.ink(BOLD, line.lstrip("# ")))
            elif line.startswith("|"):
                flush()
                lines.extend(self.row(line))
            elif not line.strip():
                flush()
                lines.append("")
            else:
                if ITEM.match(line):
                    flush()
                held.append(line.strip())
        flush()
        return lines


def of_stdout() -> Paper:
    """The paper that stdout is."""
    encoding = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "")
    width, height = shutil.get_terminal_size((80, 24)) if sys.stdout.isatty() else (80, 0)
    return Paper(width, height, colored=is_colored(), utf8=encoding == "utf8")


def show(lines: Iterable[str]) -> None:
    """Print lines at once."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def section(page: str, title: str) -> str:
    """What stands under the heading `## title` of a page, "" when there is no such heading."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return match[1].strip("\n") if match else ""
