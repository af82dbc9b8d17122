"""The tables that `python -m benchmarks.speed` prints."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.compare import Comparison
from benchmarks.speed.models import Speed
from common.console import print_numbers, terminal


def print_comparisons(rows: Sequence[Comparison], title: str) -> None:
    """Prints the speed table."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, name in enumerate(("comparison", "ours", "other", "unit", "ratio", "target")):
        table.add_column(name, justify="left" if place in (0, 3) else "right")
    for row in rows:
        target = "" if row.target is None else f">= {row.target:g}"
        table.add_row(row.name, f"{row.ours:.4g}", f"{row.other:.4g}", row.unit, f"{row.ratio:.2f}", target)
    terminal().print(table)


def print_speeds(rows: Sequence[Speed], title: str) -> None:
    """Prints the table of the models' speeds."""
    lines = []
    for row in rows:
        forward = (f"{row.forward_ms:.0f}", f"{row.forward_share:.0%}", f"{row.forward_mib:.0f}")
        step = (f"{row.step_ms:.0f}", f"{row.step_share:.0%}", f"{row.step_mib:.0f}")
        lines.append([row.name, f"{row.gmacs:.1f}", *forward, *step])
    columns = ("model", "GMACs", "forward ms", "share", "MiB", "training step ms", "share", "MiB")
    print_numbers(title, columns, lines)
