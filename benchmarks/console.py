"""What the commands print: tables and progress."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from datasets.cli import console, duration
from datasets.cli import progress as progress_bar

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["duration", "print_numbers", "progress_bar", "quiet_frameworks", "terminal"]

_WIDTH = 160

_START_UP_NOTE = re.compile(r"[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions|$")


def quiet_frameworks() -> None:
    """Imports TensorFlow with its start-up notes hidden, not its errors.

    The first notes are written before TensorFlow has read its own log level, so the standard error is caught at the
    file descriptor while it starts, and what is not a note is passed on.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with tempfile.TemporaryFile() as caught:
        sys.stderr.flush()
        before = os.dup(2)
        os.dup2(caught.fileno(), 2)
        try:
            import tensorflow as tf

            on_cpu = not tf.config.list_physical_devices("GPU")
        finally:
            os.dup2(before, 2)
            os.close(before)
        caught.seek(0)
        for line in caught.read().decode(errors="replace").splitlines():
            if not _START_UP_NOTE.match(line) and not (on_cpu and "cuInit" in line):
                print(line, file=sys.stderr)
    if on_cpu:
        # Grappler's remapper fails on convolutions with LeakyReLU, says so in an error line for every function, and
        # gains nothing measurable on these models.
        tf.config.optimizer.set_experimental_options({"remapping": False, "layout_optimizer": False})


def terminal() -> Console:
    """What prints tables: as wide as the terminal, 160 columns into a file or a pipe unless `COLUMNS` says otherwise.

    Where nobody reads any more it raises BrokenPipeError, see `datasets.cli.console`.
    """
    return console(width=None if os.environ.get("COLUMNS") or os.isatty(1) else _WIDTH)


def print_numbers(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Prints a table of a name and numbers in each line."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for line in lines:
        table.add_row(*line)
    terminal().print(table)
