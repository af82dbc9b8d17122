"""What a run says at its end: where everything is, and what to do with it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.records import layout
from benchmarks.run import earlier
from benchmarks.run.experiment import Experiment
from benchmarks.run.request import REFERENCE
from benchmarks.training.state import BEST
from zoo.registry import info


def lines(experiments: Sequence[Experiment], results: Path) -> Iterator[str]:
    """Yields where weights, record, images and leaderboard are, then the next commands.

    Of several models and data sets only the folders are named.

    Args:
        experiments: Those of the command, done or failed.
        results: The results folder.
    """
    asked = [each for each in experiments if each.model != REFERENCE] or list(experiments)
    weights = None
    if len(asked) == 1:
        weights = _weights(asked[0])
        if weights is not None:
            yield f"weights:     {weights}"
        record = earlier.find_any(asked[0])
        if record is not None:
            yield f"record:      {record.path}"
            images = results / layout.FOLDER / record.path.stem
            if images.is_dir():
                yield f"images:      {images}"
    else:
        yield f"records:     {results / 'runs'}"
    yield f"leaderboard: {results / 'leaderboard.csv'}"
    where = "" if results == Path("results") else f" --results {shlex.quote(str(results))}"
    if weights is not None and not info(asked[0].model).takes_psf:
        yield f"next: python -m zoo restore PHOTO --weights {shlex.quote(str(weights))}"
    yield f"{'     ' if weights is not None else 'next:'} python -m benchmarks.report{where}"


def _weights(experiment: Experiment) -> Path | None:
    """The file with the weights that were scored; None for a model without."""
    if experiment.recipe is None:
        return experiment.options.weights
    best = earlier.training_folder(experiment) / BEST
    return best if best.is_file() else None
