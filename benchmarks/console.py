"""What the commands print: tables and progress."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from benchmarks.standings import Row, cells, tables


def quiet_frameworks() -> None:
    """Hides TensorFlow's start-up notes, not its errors; must run before TensorFlow is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def print_standings(rows: Sequence[Row]) -> None:
    """Prints one table per ranking."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if os.environ.get("COLUMNS") or os.isatty(1) else 160)
    for title, ranked in tables(rows):
        header, lines = cells(ranked)
        table = Table(title=title, title_justify="left")
        for place, name in enumerate(header):
            table.add_column(name, justify="left" if place == 1 or place >= len(header) - 2 else "right")
        for line in lines:
            table.add_row(*line)
        console.print(table)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a progress bar on a terminal; yields what to call with work done and in all."""
    from rich.progress import Progress

    with Progress(transient=True, disable=not os.isatty(1)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
