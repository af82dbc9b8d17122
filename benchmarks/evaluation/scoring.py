"""Scores of restored images, taken in threads and kept in the images' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from benchmarks.metrics import MetricError
from benchmarks.protocols import Protocol
from datasets.pairs import Pair

Values = dict[str, float | None]
"""Metric's name -> an image's score; None where it has none."""


@dataclass(frozen=True)
class Scores:
    """Every image's scores under one protocol.

    Attributes:
        names: The images, `scene/frame`.
        values: Metric's name -> one value per image, in the order of `names`; None where an image has no such score.
    """

    names: tuple[str, ...]
    values: dict[str, list[float | None]]


class Gathering:
    """Scores images in threads and gathers their values in the order in which they were given.

    Args:
        protocol: How is scored.
        workers: How many threads.

    Attributes:
        values: What is gathered, see `Scores`.
    """

    def __init__(self, protocol: Protocol, workers: int) -> None:
        self.values: dict[str, list[float | None]] = {card.name: [] for card in protocol.cards}
        self._pool = ThreadPoolExecutor(workers)
        self._waiting: deque[Future[Values]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        # After an error nobody wants the rest.
        self._pool.shutdown(cancel_futures=kind is not None)

    def add(self, job: Callable[..., Values], *arguments: Any) -> None:
        """Lets a thread score the next image."""
        self._waiting.append(self._pool.submit(job, *arguments))

    def collect(self, keep: int = 0) -> None:
        """Waits until at most `keep` images are on their way; raises what one of the others raised."""
        while len(self._waiting) > keep:
            for name, value in self._waiting.popleft().result().items():
                self.values[name].append(value)


def score_image(
    protocol: Protocol, pair: Pair, result: np.ndarray, target: np.ndarray, blurry: np.ndarray | None
) -> Values:
    """The protocol's values of one restored image, see `Protocol.score`; an error names the image."""
    try:
        return protocol.score(pair, result, target, blurry)
    except MetricError as error:
        raise MetricError(f"{pair.name}: {error}") from error


def middle_frame(inputs: np.ndarray) -> np.ndarray:
    """The middle one of the frames of three channels that lie along the last axis.

    >>> middle_frame(np.arange(9.0)).tolist()
    [3.0, 4.0, 5.0]
    """
    first = inputs.shape[-1] // 6 * 3
    return inputs[..., first : first + 3]
