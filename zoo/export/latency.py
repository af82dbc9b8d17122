"""How long an exported file takes beside Keras."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from zoo.export.base import Runtime
from zoo.export.graph import Graph, Size
from zoo.export.parity import by_keras, random_inputs

USUAL_SIZE = (256, 256)
_ROUNDS, _LEAST_ROUNDS = 9, 3
# Further rounds are left out when the first ones have taken so long.
_ENOUGH_SECONDS = 8.0


@dataclass(frozen=True)
class Latency:
    """Medians of rounds in which both restore the same image, one after the other.

    Attributes:
        size: Height and width of the image.
        seconds: Of the exported file.
        keras_seconds: Of Keras, as `zoo.restore` runs it.
        ratio: The median of the rounds' ratios, the file's seconds over Keras'.
        rounds: How many rounds there were.
    """

    size: Size
    seconds: float
    keras_seconds: float
    ratio: float
    rounds: int


def latency_of(graph: Graph, runtime: Runtime, size: Size | None = None) -> Latency:
    """Measures a loaded file beside Keras.

    Args:
        graph: What the file holds.
        runtime: The loaded file.
        size: Height and width of the image; None takes the only size that the file takes, or 256x256.
    """
    size = size or graph.size or USUAL_SIZE
    inputs = random_inputs(graph, np.random.default_rng(1), 1, *size)
    theirs: Callable[[], Any] = lambda: runtime(inputs)  # noqa: E731 - two calls to be timed alike
    ours: Callable[[], Any] = lambda: by_keras(graph, inputs)  # noqa: E731
    _seconds(theirs), _seconds(ours)
    began = time.perf_counter()
    rounds: list[tuple[float, float]] = []
    while len(rounds) < _ROUNDS:
        if len(rounds) >= _LEAST_ROUNDS and time.perf_counter() - began > _ENOUGH_SECONDS:
            break
        # Who comes first changes from round to round.
        first, second = (theirs, ours) if len(rounds) % 2 else (ours, theirs)
        pair = (_seconds(first), _seconds(second))
        rounds.append(pair if len(rounds) % 2 else pair[::-1])
    return Latency(
        size,
        median(own for own, _ in rounds),
        median(keras for _, keras in rounds),
        median(own / keras for own, keras in rounds),
        len(rounds),
    )


def _seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
