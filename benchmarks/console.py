"""What the commands print: tables and progress."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from benchmarks import metrics
from benchmarks.leaderboard.ranking import FOOTNOTE, Row, cells, tables
from benchmarks.records import ocr_by_step
from benchmarks.records.compare import Difference
from benchmarks.speed.compare import Comparison
from benchmarks.speed.models import Speed

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
        # gains nothing measurable on these networks.
        tf.config.optimizer.set_experimental_options({"remapping": False, "layout_optimizer": False})


def print_standings(rows: Sequence[Row]) -> None:
    """Prints one table per ranking."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if os.environ.get("COLUMNS") or os.isatty(1) else 160)
    for title, ranked in tables(rows):
        header, lines = cells(ranked)
        table = Table(title=title, title_justify="left")
        for place, name in enumerate(header):
            text = place == 1 or place >= len(header) - 2
            table.add_column(name, justify="left" if text else "right", no_wrap=place == 1)
        for line in lines:
            table.add_row(*line)
        console.print(table)
    console.print(FOOTNOTE)


def print_steps(found: Sequence[tuple[str, list[list[str]]]]) -> None:
    """Prints one table of blur steps for each set of photographs."""
    for title, lines in found:
        _print_numbers(title, ocr_by_step.HEADER, lines)


def print_differences(first: str, second: str, found: Sequence[Difference]) -> None:
    """Prints how two runs differ in every metric, and the images that the first one loses most on."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if os.isatty(1) else 160)
    console.print(f"A  {first}\nB  {second}\n", markup=False, highlight=False)
    table = Table(title="A - B, paired over the images that both scored")
    for name in ("metric", "mean", "95 % interval", "images", "verdict"):
        table.add_column(name, justify="left" if name in ("metric", "verdict") else "right")
    for each in found:
        card, interval = metrics.METRICS[each.metric], each.interval
        better = "A" if (interval.mean > 0) == card.higher_is_better else "B"
        verdict = "tied" if each.tied else f"{better} is better"
        bounds = f"[{interval.low:+.4g}, {interval.high:+.4g}]"
        table.add_row(card.title, card.shown(interval.mean, "+.4g"), bounds, str(each.images), verdict)
    console.print(table)
    if not found or not found[0].worst:
        return
    table = Table(title=f"where A is farthest behind in {metrics.METRICS[found[0].metric].title}", title_justify="left")
    for name in ("image", "A", "B", "A - B"):
        table.add_column(name, justify="left" if name == "image" else "right")
    for image, ours, theirs in found[0].worst:
        table.add_row(image, f"{ours:.4g}", f"{theirs:.4g}", f"{ours - theirs:+.4g}")
    console.print(table)


def print_comparisons(rows: Sequence[Comparison], title: str) -> None:
    """Prints the speed table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, name in enumerate(("comparison", "ours", "other", "unit", "ratio", "target")):
        table.add_column(name, justify="left" if place in (0, 3) else "right")
    for row in rows:
        target = "" if row.target is None else f">= {row.target:g}"
        table.add_row(row.name, f"{row.ours:.4g}", f"{row.other:.4g}", row.unit, f"{row.ratio:.2f}", target)
    Console(width=None if os.isatty(1) else 160).print(table)


def print_speeds(rows: Sequence[Speed], title: str) -> None:
    """Prints the table of the networks' speeds."""
    lines = []
    for row in rows:
        forward = (f"{row.forward_ms:.0f}", f"{row.forward_share:.0%}", f"{row.forward_mib:.0f}")
        step = (f"{row.step_ms:.0f}", f"{row.step_share:.0%}", f"{row.step_mib:.0f}")
        lines.append([row.name, f"{row.gmacs:.1f}", *forward, *step])
    columns = ("network", "GMACs", "forward ms", "share", "MiB", "training step ms", "share", "MiB")
    _print_numbers(title, columns, lines)


def _print_numbers(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
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
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a progress bar on a terminal; yields what to call with work done and in all."""
    from rich.progress import Progress

    with Progress(transient=True, disable=not os.isatty(1)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def up_to(progress: Callable[[int, int], None], total: int) -> Callable[[int, float], None]:
    """Returns what shows the evaluations of a search, which may take a few more than the `total` that is planned."""
    return lambda done, _: progress(min(done, total), total)
