"""What the tables of the commands have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zoo
from common.console import listing

if TYPE_CHECKING:
    from rich.table import Table

# Wide enough for the tables when the output is not a terminal.
WIDTH = 220
MACS = "GMACs at 256x256"
FIELD = "receptive field"


def table(*columns: str) -> Table:
    """An empty table; columns of numbers are aligned on the right."""
    return listing(columns, ("parameters", "frames", MACS, FIELD))


def parameters(variant: zoo.Variant) -> str:
    """The number of trained weights, and of running statistics where there are any."""
    return f"{variant.parameters:,}" + (f" + {variant.statistics:,}" if variant.statistics else "")


def starred(info: zoo.ModelInfo, variant: str) -> str:
    """The variant's name, with a star when `create` builds it unasked."""
    return f"{variant} *" if variant == info.default else variant


def giga(count: int) -> str:
    """Billions with two decimals."""
    return f"{count / 1e9:,.2f}"
