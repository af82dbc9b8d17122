"""Training curves of a run: the log of every epoch, kept with the record as numbers and as a picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.files import atomic_open, write_text

FOLDER = "curves"
LOG = "log.csv"

# Panels beside each other; further quantities stay in the numbers.
_PANELS = 4


def save(folder: Path, stem: str, training: Path) -> str | None:
    """Copies the log of a training and draws it.

    Args:
        folder: The results folder.
        stem: Name of the record without suffix.
        training: Folder of the training.

    Returns:
        The file of the numbers, relative to the results folder (the picture is beside it); None without a log.

    Raises:
        DataError: When the files cannot be written.
    """
    try:
        text = (training / LOG).read_text(encoding="utf-8")
    except OSError:
        return None
    rows = list(csv.DictReader(text.splitlines()))
    path = Path(FOLDER) / f"{stem}.csv"
    write_text(folder / path, text)
    with atomic_open((folder / path).with_suffix(".png")) as stream:
        stream.write(draw(rows))
    return path.as_posix()


def series(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """Returns the quantities of a log: name -> (`training` or `validation` -> (epoch from 1, value) of each epoch).

    Args:
        rows: One row for each epoch, as Keras' log has them.
    """
    names = [name for name in (rows[0] if rows else {}) if name not in ("epoch", "learning_rate")]
    found = {}
    for name in [name for name in names if not name.startswith("val_")][:_PANELS]:
        parts = {
            label: [(int(row["epoch"]) + 1, value) for row in rows if (value := _number(row.get(column))) is not None]
            for column, label in ((name, "training"), (f"val_{name}", "validation"))
        }
        found[name] = {label: points for label, points in parts.items() if points}
    return found


def _number(text: str | None) -> float | None:
    """A value of a log; None where an epoch has none, which Keras writes as `NA`, or it is not finite."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def draw(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Returns a PNG with one panel for each quantity, training and validation together.

    Args:
        rows: One row for each epoch, as Keras' log has them.
    """
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    quantities = series(rows)
    figure = Figure(figsize=(4.2 * max(1, len(quantities)), 3), layout="constrained")
    FigureCanvasAgg(figure)
    for place, (name, parts) in enumerate(quantities.items(), start=1):
        axes = figure.add_subplot(1, len(quantities), place)
        for label, points in parts.items():
            axes.plot(*zip(*points, strict=True), marker="." if len(points) < 40 else "", label=label)
        axes.set(xlabel="epoch", title=name)
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=100)
    return stream.getvalue()
