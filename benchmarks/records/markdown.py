"""The one writer of Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    r"""The lines of a table; what would end a cell or a line is escaped.

    Args:
        header: Headings.
        lines: The cells of each line, as many as there are headings.

    >>> table(["model", "size"], [["a|b", "3"]])
    ['| model | size |', '| --- | --- |', '| a\\|b | 3 |']
    """
    return [_line(header), "|" + " --- |" * len(header), *(_line(line) for line in lines)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split("\n")).replace("|", "\\|") for cell in cells) + " |"
