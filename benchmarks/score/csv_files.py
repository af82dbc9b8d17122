"""Every image's scores as a CSV file, and back."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.errors import RunError
from benchmarks.metrics import METRICS
from benchmarks.metrics.summary import DIGITS, Scores, summarise
from common.files import write_text

IMAGE = "image"
BLURRY = "blurry_"
"""Before the name of a metric: its value of the blurry image."""


def write(path: Path, scores: Scores, blurry: Scores | None = None) -> None:
    """Writes one line for each image: its name, its scores, and those of the blurry image where they are known.

    Raises:
        FileError: When the file cannot be written.
    """
    columns: dict[str, Sequence[float | None]] = dict(scores.values)
    if blurry is not None:
        columns |= {f"{BLURRY}{name}": values for name, values in blurry.values.items()}
    stream = io.StringIO()
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow((IMAGE, *columns))
    for name, *values in zip(scores.images, *columns.values(), strict=True):
        lines.writerow((name, *("" if value is None else f"{value:.{DIGITS}f}" for value in values)))
    write_text(path, stream.getvalue())


def read(path: Path) -> Scores:
    """Reads the scores of a CSV file with a column `image` and columns that are called like metrics.

    Raises:
        RunError: When the file cannot be read, lacks such columns, or holds something else than numbers in them.
    """
    wanted = f"a .csv file with the columns {IMAGE} and {', '.join(list(METRICS)[:3])}, ..."
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
        names = [row[IMAGE] for row in rows]
        values = {name: [_number(row[name]) for row in rows] for name in METRICS if rows and name in rows[0]}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise RunError(f"{path}: cannot be read as scores ({reason}); give {wanted}") from error
    values = {name: own for name, own in values.items() if any(value is not None for value in own)}
    if not values:
        raise RunError(f"{path}: no scores in this file; give {wanted}")
    _refuse_twice(path, names)
    return summarise(names, values)


def _refuse_twice(path: Path, names: Sequence[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise RunError(f"{path}: {twice[0]} stands there twice; take one of the lines out")


def _number(text: str) -> float | None:
    """A score; None for an empty cell."""
    return float(text) if text.strip() else None
