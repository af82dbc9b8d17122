"""Seconds per megapixel by stated rules."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

import zoo

TIMED_SIDE = 256

_WARM_UP = 2

_ROUNDS, _FEWEST_ROUNDS = 7, 3

# Seconds after which fewer rounds must do.
_TIMING_BUDGET = 30.0


def seconds_per_megapixel(model: keras.Model, precision: str) -> dict[str, Any]:
    """Times a model on one image of 256x256, the size that multiply-accumulates are counted at.

    A model that takes images of one size alone is timed on that size.

    Rules: random colour input (three passes for a model of grey images), batch of one, two rounds of warm-up
    (compilation is not counted), then seven timed rounds, or as few as three when a round takes many seconds, each
    until the result has arrived as a NumPy array; the quartiles are reported.

    Args:
        model: A model of the zoo.
        precision: Keras dtype policy, for the report.

    Returns:
        `median`, `low` and `high` (quartiles) in seconds per megapixel, and the rules as values.
    """
    info, variant = zoo.identify(model)
    chosen = info.variant(variant)
    height, width = chosen.fixed_size or (TIMED_SIDE, TIMED_SIDE)
    image = np.random.default_rng(0).random((1, height, width, 3 * chosen.frames), np.float32)
    step = 0 if info.takes_blur_step else None
    psf = np.ones((1, 1)) if info.takes_psf else None

    def seconds() -> float:
        start = time.perf_counter()
        zoo.restore_batch(model, image, info, step, psf=psf)
        return time.perf_counter() - start

    warm = [seconds() for _ in range(_WARM_UP)][-1]
    rounds = int(np.clip(_TIMING_BUDGET / warm, _FEWEST_ROUNDS, _ROUNDS))
    low, median, high = np.percentile([seconds() for _ in range(rounds)], [25, 50, 75]) / (height * width / 1e6)
    return {
        "median": float(median),
        "low": float(low),
        "high": float(high),
        "height": height,
        "width": width,
        "batch": 1,
        "warm_up": _WARM_UP,
        "rounds": rounds,
        "precision": precision,
    }
