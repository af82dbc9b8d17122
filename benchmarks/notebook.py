"""The benchmark from Python: scoring a model on pairs, and all results as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.errors import RunError
from benchmarks.leaderboard.rows import row_of
from benchmarks.metrics.summary import Scores
from benchmarks.protocols import Protocol, protocol_for, scored
from benchmarks.records import layout, store
from common.progress import Progress
from datasets.pairs import Pair, Pairs, check_pairs
from datasets.registry import info as dataset_info
from zoo.inference.tiling import Tiles

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from benchmarks.evaluation.predict import Restorer


def evaluate(
    model: keras.Model | Callable[[np.ndarray], np.ndarray],
    pairs: Pairs,
    protocol: str | Protocol | None = None,
    *,
    tile: int | None = None,
    overlap: int | None = None,
    limit: int | None = None,
    seed: int = 42,
    progress: Progress | None = None,
) -> Scores:
    """Scores a model, or any function of images, on pairs, as `python -m benchmarks.run` does; nothing is written.

    Args:
        model: A model of the zoo or of one's own. Or a function that gives the restored images (batch, height, width,
            3) of blurry ones (batch, height, width, frames x 3), both float in [0, 1].
        pairs: From `datasets.load`.
        protocol: How to score, by name; None takes the data set's usual way.
        tile: Restores tiles of so many pixels; None takes the data set's own tiles, if it has some.
        overlap: Pixels around a tile; None takes a quarter of the tile.
        limit: Scores only so many images, spread evenly.
        seed: Seed of random crops, where the protocol has them.
        progress: Called with images done and in all.

    Returns:
        Means with 95 % intervals, and every image's values; as a notebook shows them.

    Raises:
        DataError: For what are no pairs, or cannot be read.
        ZooError: When the model does not take such images.
        MetricError: When a restored image cannot be scored.

    >>> import tempfile
    >>> import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = datasets.samples.build("cifar10", folder)
    ...     scores = evaluate(lambda images: images, datasets.load("cifar10", folder))
    >>> sorted(scores.means)
    ['mse', 'psnr', 'ssim', 'ssim_matlab3d']
    """
    from benchmarks.evaluation.evaluate import evaluate as scores_of

    check_pairs(pairs)
    way = protocol if isinstance(protocol, Protocol) else protocol_for(pairs.dataset, protocol)
    chosen = scored(pairs, way, limit)
    restore = _restorer(model, chosen, tile, overlap)
    return way.summarise(chosen, scores_of(restore, chosen, way, seed, progress).values)


def _restorer(model: Any, pairs: Pairs, tile: int | None, overlap: int | None) -> Restorer:
    """What restores a batch of the pairs' images."""
    from benchmarks.evaluation.predict import restorer

    if callable(model) and not hasattr(model, "layers"):

        def restore(images: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
            return np.asarray(model(images))

        return restore
    usual = dataset_info(pairs.dataset).tiles
    tiles = Tiles.of(tile, overlap) if tile is not None or usual is None else Tiles(*usual)
    return restorer(model, pairs.dataset, tiles)


def results(folder: Path | str = "results") -> pd.DataFrame:
    """All finished runs of a results folder, one row each, with the columns of `leaderboard.csv` but for the rank.

    Raises:
        RunError: When there is no such folder, or a record in it is damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results(folder).empty
    True
    """
    import pandas as pd

    found = store.read_all(layout.existing(Path(folder)))
    if found.problems:
        raise RunError("; ".join(found.problems))
    return pd.DataFrame([row_of(record) for record in found.done])
