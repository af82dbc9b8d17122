"""Mean squared error of 8-bit images."""

from __future__ import annotations

import numpy as np

from benchmarks.metrics.base import Metric, register
from benchmarks.metrics.psnr import squared_error


def mse(a: np.ndarray, b: np.ndarray) -> float:
    """Mean squared error on the [0, 1] scale, over all pixels and channels, after rounding to 8 bit.

    Args:
        a: Image (height, width, channels), uint8 or float in [0, 1].
        b: Image of the same shape, uint8 or float in [0, 1].

    Returns:
        A value from 0 (identical) to 1.

    Raises:
        MetricError: When the two are not images of one shape, type or values; see `quantise`.

    >>> mse(np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 51, np.uint8))
    0.04
    """
    return squared_error(a, b)


register(
    Metric(
        name="mse",
        title="MSE",
        convention="8 bit divided by 255, mean squared difference over all pixels and channels",
        unit="",
        higher_is_better=False,
        bounds=(0.0, 1.0),
        function=mse,
    )
)
