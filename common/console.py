"""What commands print: tables and how far long work is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from common.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FORMATS = ("table", "markdown", "csv", "json", "latex")
"""The forms in which commands print tables."""

_SECONDS_BETWEEN_LINES = 30.0


def terminal(elsewhere: int = 160, stderr: bool = False) -> Console:
    """What prints tables and progress: as wide as the terminal.

    A closed pipe raises BrokenPipeError, which is `common.cli.guarded`'s matter; rich would exit with status 1.

    Args:
        elsewhere: Columns into a file or a pipe, where rich would assume 80, unless `COLUMNS` says otherwise.
        stderr: Whether to print on the standard error.
    """
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    width = None if os.environ.get("COLUMNS") or os.isatty(2 if stderr else 1) else elsewhere
    # In a file a line of text stays a line.
    return Piped(width=width, soft_wrap=width is not None, stderr=stderr, highlight=False)


def listing(columns: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """An empty table without lines, whose long cells are folded.

    Args:
        columns: The headings.
        numbers: Those of columns of numbers, which are aligned on the right.
    """
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def print_numbers(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Prints a table of a name and numbers in each line."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for line in lines:
        table.add_row(*line)
    terminal().print(table)


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Shows how far something is, on standard error: a bar on a terminal, elsewhere a line now and then.

    Args:
        title: What is being done.

    Yields:
        What to call with (done, total).
    """
    if not sys.stderr.isatty():
        yield _Lines(title)
        return
    from rich.progress import Progress as Bar

    # What is printed into a file meanwhile stays out of the terminal.
    with Bar(console=terminal(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    """Prints how far something is, and how long it will still take, once in a while."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._first: tuple[int, float] | None = None
        self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Takes work done and in all."""
        now = time.monotonic()
        # What was done when it began, as after a resume, tells nothing about the speed.
        first, began = self._first = self._first or (done, now)
        if now - self._told < _SECONDS_BETWEEN_LINES or done == first:
            return
        self._told = now
        left = (now - began) / (done - first) * (total - done)
        print(f"{self.title}: {done:,} of {total:,}, about {duration(left)} left", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Seconds as a reader says them.

    Examples:
        >>> duration(7.4), duration(200), duration(7000), duration(200_000)
        ('7 s', '3 min', '1.9 h', '2.3 days')
    """
    for limit, size, unit in ((100, 1, "s"), (6000, 60, "min")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
