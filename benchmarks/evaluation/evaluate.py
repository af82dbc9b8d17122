"""Scoring what restores images on a split: streamed images, every image's scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.errors import readable_errors
from benchmarks.evaluation.predict import Restorer
from benchmarks.evaluation.scoring import Gathering, Scores, middle_frame, score_image
from benchmarks.protocols import Protocol
from common.progress import Progress
from datasets import pipeline
from datasets.pairs import Pair, Pairs

# Images of at most this many pixels are restored in batches.
_SMALL_PIXELS = 64 * 64
_SMALL_BATCH = 100
_SCORERS = 2


def evaluate(
    restore: Restorer,
    pairs: Pairs,
    protocol: Protocol,
    seed: int = 0,
    progress: Progress | None = None,
) -> Scores:
    """Restores every image and scores it; memory does not grow with the number of images.

    Metrics run in threads beside the model. An image that the blur left unchanged (a tenth of CIFAR-10's) has an
    infinite PSNR as it is; its PSNR is left out for every model alike, as the report's baseline must have done, and
    its other scores count. A changed image that is restored exactly counts as 100 dB.

    Args:
        restore: What restores a batch of images, see `predict.restorer`.
        pairs: The pairs that count, see `protocols.scored`.
        protocol: How to score.
        seed: Seed of the random crops, where the protocol has them.
        progress: Called with images done and in all.

    Returns:
        The scores.

    Raises:
        RunError, DataError: When an image cannot be read.
        MetricError: When a restored image cannot be scored; the message names it.
        ZooError: When the model does not take such images.
    """
    done = 0
    with readable_errors(), Gathering(protocol, _SCORERS) as scoring:
        for batch, inputs, targets in _batches(pairs, protocol, seed):
            restored = restore(inputs, batch)
            for pair, result, target, before in zip(batch, restored, targets, middle_frame(inputs), strict=True):
                scoring.add(score_image, protocol, pair, result, target, before)
                done += 1
                if progress is not None:
                    # Restoring is what takes long; the scores of the last few are still on their way.
                    progress(done, len(pairs))
            scoring.collect(keep=2 * _SCORERS + _SMALL_BATCH * (len(batch) > 1))
        scoring.collect()
    return Scores(tuple(pair.name for pair in pairs), scoring.values)


def _batches(pairs: Pairs, protocol: Protocol, seed: int) -> Iterator[tuple[list[Pair], np.ndarray, np.ndarray]]:
    """Yields pairs with their inputs and targets; small images of one size many at a time, others one by one."""
    size = _SMALL_BATCH if _small_and_alike(pairs) else 1
    first = 0
    for inputs, targets in pipeline.evaluation(pairs, protocol.crop, size, seed).as_numpy_iterator():
        batch = [pairs[first + index] for index in range(len(inputs))]
        first += len(batch)
        yield batch, inputs, targets


def _small_and_alike(pairs: Pairs) -> bool:
    """Whether all images are small and of one size, so that a batch can hold many."""
    first = pairs[0].sharp[0].shape
    if first[0] * first[1] > _SMALL_PIXELS:
        return False
    return all(frame.shape == first for pair in pairs for frame in (*pair.blurry, pair.sharp[0]))
