"""Scoring a network on a split: streamed pictures, every image's scores, timing by stated rules."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import keras
import numpy as np

from benchmarks import metrics
from benchmarks.errors import readable_errors
from benchmarks.evaluation.predict import restorer
from benchmarks.evaluation.psf import BlurOf
from benchmarks.metrics import ocr
from benchmarks.protocols import Protocol
from datasets import pipeline
from datasets.pairs import Pair, Pairs
from zoo.inference.tiling import Tiles

# Pictures of at most this many pixels are restored in batches.
_SMALL_PIXELS = 64 * 64
_SMALL_BATCH = 100
_SCORERS = 2

# PSNR in dB of a picture that was restored exactly.
_EXACT = 100.0

_OCR_FORMS = {"ocr": "difflib", "ocr_indel": "indel"}

Progress = Callable[[int, int], None]


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
    model: keras.Model,
    pairs: Pairs,
    protocol: Protocol,
    seed: int = 0,
    progress: Progress | None = None,
    tiles: Tiles | None = None,
    guess_steps: bool = False,
    blur_of: BlurOf | None = None,
) -> Scores:
    """Restores every picture and scores it; memory does not grow with the number of pictures.

    Metrics run in threads beside the network. A picture that the blur left unchanged (a tenth of CIFAR-10's) has an
    infinite PSNR as it is; its PSNR is left out for every network alike, as the report's baseline must have done, and
    its other scores count. A changed picture that is restored exactly counts as 100 dB.

    Args:
        model: A network of the zoo.
        pairs: The pairs that count, see `protocols.scored`.
        protocol: How to score.
        seed: Seed of the random crops, where the protocol has them.
        progress: Called with pictures done and in all.
        tiles: How large pictures are cut; None restores them at once.
        guess_steps: Whether blur steps count as unknown, see `restorers.restorer`.
        blur_of: Gives the blur of a pair, for a network that needs its point spread function.

    Returns:
        The scores.

    Raises:
        RunError, DataError: When a picture cannot be read.
        ZooError: When the network does not take such pictures.
    """
    restore = restorer(model, pairs.dataset, tiles, guess_steps, blur_of)
    values: dict[str, list[float | None]] = {name: [] for name in protocol.metrics}
    waiting: deque[Future[dict[str, float | None]]] = deque()
    done = 0

    def collect(keep: int) -> None:
        nonlocal done
        while len(waiting) > keep:
            for name, value in waiting.popleft().result().items():
                values[name].append(value)
            done += 1
            if progress is not None:
                progress(done, len(pairs))

    with readable_errors(), ThreadPoolExecutor(_SCORERS) as pool:
        for batch, inputs, targets in _batches(pairs, protocol, seed):
            restored = restore(inputs, batch)
            for pair, result, target, before in zip(batch, restored, targets, middle_frame(inputs), strict=True):
                waiting.append(pool.submit(_score, pair, result, target, before, protocol))
            collect(keep=2 * _SCORERS + _SMALL_BATCH * (len(batch) > 1))
        collect(keep=0)
    return Scores(tuple(pair.name for pair in pairs), values)


def middle_frame(inputs: np.ndarray) -> np.ndarray:
    """Returns the middle one of the frames of three channels that lie along the last axis."""
    first = inputs.shape[-1] // 6 * 3
    return inputs[..., first : first + 3]


def _batches(pairs: Pairs, protocol: Protocol, seed: int) -> Iterator[tuple[list[Pair], np.ndarray, np.ndarray]]:
    """Yields pairs with their inputs and targets; small pictures many at a time, large ones one by one."""
    height, width, _ = pairs[0].sharp[0].shape
    size = _SMALL_BATCH if height * width <= _SMALL_PIXELS else 1
    first = 0
    for inputs, targets in pipeline.evaluation(pairs, protocol.crop, size, seed).as_numpy_iterator():
        batch = [pairs[first + index] for index in range(len(inputs))]
        first += len(batch)
        yield batch, inputs, targets


def _score(
    pair: Pair, result: np.ndarray, target: np.ndarray, blurry: np.ndarray, protocol: Protocol
) -> dict[str, float | None]:
    """Returns the protocol's metrics of one restored picture."""
    if protocol.name == "kohler":
        score = metrics.kohler(result, (frame.read() for frame in pair.sharp))
        return {"kohler_psnr": min(float(score.psnr), _EXACT), "kohler_mssim": float(score.mssim)}
    if protocol.name == "ocr":
        read = ocr.read_lines(result)
        return {name: float(ocr.compare(read, pair.metadata["text"], form)) for name, form in _OCR_FORMS.items()}
    scores: dict[str, float | None] = {}
    for name in protocol.metrics:
        value = float(metrics.METRICS[name].function(result, target))
        if name == "psnr":
            scores[name] = None if np.array_equal(blurry, target) else min(value, _EXACT)
        else:
            scores[name] = value
    return scores
