"""What the commands print: tables and progress."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.progress import Progress

_START_UP_NOTE = re.compile(r"[IW]\d{4} |WARNING: All log messages before absl|To enable the following instructions|$")

_SECONDS_BETWEEN_LINES = 30.0


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
        # gains nothing measurable on these networks.
        tf.config.optimizer.set_experimental_options({"remapping": False, "layout_optimizer": False})


def print_numbers(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Prints a table of a name and numbers in each line."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for line in lines:
        table.add_row(*line)
    Console(width=None if os.isatty(1) else 160).print(table)


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Shows how far something is: a bar on a terminal, elsewhere a line now and then; yields what to call.

    Args:
        title: What is done, for the reader.
    """
    if not os.isatty(1):
        yield _Lines(title)
        return
    from rich.progress import Progress as Bar

    with Bar(transient=True) as bar:
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
        print(f"{self.title}: {done:,} of {total:,}, about {duration(left)} left", flush=True)


def duration(seconds: float) -> str:
    """Seconds as a reader says them.

    >>> duration(7.4), duration(200), duration(4000), duration(200_000)
    ('7 s', '3 min', '1.1 h', '2.3 days')
    """
    for limit, size, unit in ((100, 1, "s"), (6000, 60, "min")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
