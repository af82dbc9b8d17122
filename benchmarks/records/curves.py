"""Training curves of a run: the log of every epoch, kept with the record as numbers; the report draws them."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from common.files import write_text

FOLDER = "curves"
LOG = "log.csv"

# Charts beside each other; further quantities stay in the numbers.
_CHARTS = 4

Points = list[tuple[int, float]]


def save(folder: Path, stem: str, training: Path) -> str | None:
    """Copies the log of a training.

    Args:
        folder: The results folder.
        stem: Name of the record without suffix.
        training: Folder of the training.

    Returns:
        The file of the numbers, relative to the results folder; None without a log.

    Raises:
        FileError: When the file cannot be written.
    """
    try:
        text = (training / LOG).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    path = Path(FOLDER) / f"{stem}.csv"
    write_text(folder / path, text)
    return path.as_posix()


def read(path: Path) -> dict[str, dict[str, Points]]:
    """The quantities of a kept log, see `series`; nothing where the file is gone or no such log."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            return series(list(csv.DictReader(stream)))
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}


def series(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, Points]]:
    """The quantities of a log: name -> (`training` or `validation` -> (epoch from 1, value) of each epoch).

    An epoch without a value, as those between two validations are, has no point: Keras writes `NA` there.

    Args:
        rows: One row for each epoch, as Keras' log has them.

    >>> series([{"epoch": "0", "loss": "3", "val_loss": "NA"}, {"epoch": "1", "loss": "2", "val_loss": "2.5"}])
    {'loss': {'training': [(1, 3.0), (2, 2.0)], 'validation': [(2, 2.5)]}}
    """
    names = [name for name in (rows[0] if rows else {}) if name and name not in ("epoch", "learning_rate")]
    found = {}
    for name in [name for name in names if not name.startswith("val_")][:_CHARTS]:
        parts = {"training": _points(rows, name), "validation": _points(rows, f"val_{name}")}
        shown = {label: points for label, points in parts.items() if points}
        if shown:
            found[name] = shown
    return found


def _points(rows: Sequence[Mapping[str, str]], column: str) -> Points:
    """The epochs in which a column has a finite number."""
    values = ((_number(row.get("epoch")), _number(row.get(column))) for row in rows)
    return [(int(epoch) + 1, value) for epoch, value in values if epoch is not None and value is not None]


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
