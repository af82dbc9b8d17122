"""The two kinds of files that tables are written into: Markdown and reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.records import markdown

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], list[str]]


@dataclass(frozen=True)
class Markup:
    """How a kind of file writes what stands in a table.

    Attributes:
        code: Writes a name as code.
        text: Writes words as they are; what the markup would take for a sign is escaped.
        link: Writes words that lead to an address.
        table: The lines of a table, of headings and of the cells of each line.
        begin, end: The lines between which a table stands, with `{}` for its name; readers do not see them.
        gap: What parts the table from them.
    """

    code: Callable[[str], str]
    text: Callable[[str], str]
    link: Callable[[str, str], str]
    table: Table
    begin: str
    end: str
    gap: str = ""

    @property
    def marked(self) -> re.Pattern[str]:
        """Finds tables with their markers: the first line, the name, what stands between, the last line."""
        first, last = (re.escape(mark).replace(r"\{\}", "{}") for mark in (self.begin, self.end))
        name, same = r"(\w+)", r"\2"
        return re.compile(f"({first.format(name)}\n)(.*?)({last.format(same)})", re.DOTALL)


def escaped(text: str) -> str:
    r"""Words for reStructuredText, in which stars, backticks, bars and underscores are signs, and initials a list.

    >>> escaped("a*b"), escaped("L. Chen")
    ('a\\*b', '\\L. Chen')
    """
    quiet = re.sub(r"([\\*`|_])", r"\\\1", text)
    return f"\\{quiet}" if re.match(r"(\(?(\w+|#)[.)]|[-+])\s", quiet) else quiet


def list_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table of reStructuredText.

    Args:
        header: Headings.
        lines: The cells of each line, as many as there are headings.

    >>> list_table(["model", "size"], [["carlo", ""]])[4:]
    ['     - size', '   * - carlo', '     -']
    """
    rows = [
        f"   {'* -' if place == 0 else '  -'} {' '.join(cell.split())}".rstrip()
        for line in (header, *lines)
        for place, cell in enumerate(line)
    ]
    return [".. list-table::", "   :header-rows: 1", "", *rows]


MARKDOWN = Markup(
    code=lambda name: f"`{name}`",
    text=lambda words: words,
    link=lambda words, address: f"[{words}]({address})",
    table=markdown.table,
    begin="<!-- {} -->",
    end="<!-- /{} -->",
)
RST = Markup(
    code=lambda name: f"``{name}``",
    text=escaped,
    link=lambda words, address: f"`{escaped(words)} <{address}>`__",
    table=list_table,
    begin=".. <{}>",
    end=".. </{}>",
    gap="\n",
)


def markup_of(path: Path) -> Markup:
    """The markup of a file, by its name's ending: reStructuredText for `.rst`, else Markdown."""
    return RST if path.suffix == ".rst" else MARKDOWN
