"""Scoring what restores images on a split: streamed images, every image's scores."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchmarks.errors import readable_errors
from benchmarks.evaluation.predict import Restorer
from benchmarks.metrics import MetricError
from benchmarks.protocols import Protocol
from common.progress import Progress
from datasets import pipeline
from datasets.pairs import Pair, Pairs

# Images of at most this many pixels are restored in batches.
_SMALL_PIXELS = 64 * 64
_SMALL_BATCH = 100
_SCORERS = 2


@dataclass(frozen=True)
class Scores:
    """Every image's scores under one protocol.

    Attributes:
        names: The images, `scene/frame`.
        values: Metric's name -> one value per image, in the order of `names`; None where an image has no such score.
    """

    names: tuple[str, ...]
    values: dict[str, list[float | None]]


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
    values: dict[str, list[float | None]] = {name: [] for name in protocol.metrics}
    waiting: deque[Future[dict[str, float | None]]] = deque()
    done = 0

    def collect(keep: int) -> None:
        while len(waiting) > keep:
            for name, value in waiting.popleft().result().items():
                values[name].append(value)

    with readable_errors(), ThreadPoolExecutor(_SCORERS) as pool:
        for batch, inputs, targets in _batches(pairs, protocol, seed):
            restored = restore(inputs, batch)
            for pair, result, target, before in zip(batch, restored, targets, middle_frame(inputs), strict=True):
                waiting.append(pool.submit(_score, protocol, pair, result, target, before))
                done += 1
                if progress is not None:
                    # Restoring is what takes long; the scores of the last few are still on their way.
                    progress(done, len(pairs))
            collect(keep=2 * _SCORERS + _SMALL_BATCH * (len(batch) > 1))
        collect(keep=0)
    return Scores(tuple(pair.name for pair in pairs), values)


def middle_frame(inputs: np.ndarray) -> np.ndarray:
    """The middle one of the frames of three channels that lie along the last axis.

    >>> middle_frame(np.arange(9.0)).tolist()
    [3.0, 4.0, 5.0]
    """
    first = inputs.shape[-1] // 6 * 3
    return inputs[..., first : first + 3]


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


def _score(
    protocol: Protocol, pair: Pair, result: np.ndarray, target: np.ndarray, blurry: np.ndarray
) -> dict[str, float | None]:
    """The protocol's values of one restored image; an error names the image."""
    try:
        return protocol.score(pair, result, target, blurry)
    except MetricError as error:
        raise MetricError(f"{pair.name}: {error}") from error
