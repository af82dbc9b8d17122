"""What the tables of the commands have in common."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import zoo

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Wide enough for the tables when the output is not a terminal, where rich would assume 80 columns.
_FILE_WIDTH = 220
MACS = "GMACs at 256x256"
FIELD = "receptive field"


def console() -> Console:
    """The terminal, or a wide page where the output is none."""
    from rich.console import Console

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            # As `print` does; Rich would end the program with status 1.
            raise BrokenPipeError

    width = None if sys.stdout.isatty() else _FILE_WIDTH
    return Piped(width=width, highlight=False, soft_wrap=not sys.stdout.isatty())


def table(*columns: str) -> Table:
    """An empty table; columns of numbers are aligned on the right."""
    from rich.table import Table

    empty = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        numbers = column in ("parameters", "frames", MACS, FIELD)
        empty.add_column(column, justify="right" if numbers else "left", overflow="fold")
    return empty


def parameters(variant: zoo.Variant) -> str:
    """The number of trained weights, and of running statistics where there are any."""
    return f"{variant.parameters:,}" + (f" + {variant.statistics:,}" if variant.statistics else "")


def starred(info: zoo.ModelInfo, variant: str) -> str:
    """The variant's name, with a star when `create` builds it unasked."""
    return f"{variant} *" if variant == info.default else variant


def giga(count: int) -> str:
    """Billions with two decimals."""
    return f"{count / 1e9:,.2f}"
