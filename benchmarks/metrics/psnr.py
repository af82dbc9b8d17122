"""Peak signal-to-noise ratio of 8-bit images."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.metrics.base import PEAK, Metric, quantised_pair, register

EXACT = 100.0
"""PSNR in dB that is recorded for an image that was restored exactly."""


def squared_error(a: np.ndarray, b: np.ndarray) -> float:
    """Mean squared error of two images on the [0, 1] scale, see `benchmarks.metrics.mse`; exact but for one division.

    >>> squared_error(np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 51, np.uint8))
    0.04
    """
    import cv2

    first, second = quantised_pair(a, b)
    # The sum of squares of 8-bit differences is an integer; OpenCV returns its root squared, off by rounding.
    total = round(cv2.norm(first.reshape(len(first), -1), second.reshape(len(second), -1), cv2.NORM_L2SQR))
    return float(total / (first.size * PEAK**2))


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(255² / MSE over all pixels and channels) of 8-bit values.

    The same number as MATLAB's psnr on uint8 RGB arrays, which the GoPro and HIDE tables use. Over a data set the
    mean of the values is meant, which is not the value of the mean error.

    Args:
        a: Image (height, width, channels), uint8 or float in [0, 1].
        b: Image of the same shape, uint8 or float in [0, 1].

    Returns:
        Decibels, 0 at least; `math.inf` when the 8-bit images are identical. Nothing is capped: a data set
        with an infinite score has no finite mean, and JSON has no infinity; records take `EXACT`.

    Raises:
        MetricError: When the two are not images of one shape, type or values; see `quantise`.

    >>> psnr(np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8))
    0.0
    >>> round(psnr(np.zeros((8, 8, 3)), np.full((8, 8, 3), 0.1)), 4)
    19.8313
    """
    error = squared_error(a, b)
    # The sum makes 0.0 of -0.0.
    return -10.0 * math.log10(error) + 0.0 if error > 0.0 else math.inf


register(
    Metric(
        name="psnr",
        title="PSNR",
        convention="8 bit, 10 log10(255^2 / MSE over all pixels and channels), mean of the images' values",
        unit="dB",
        higher_is_better=True,
        bounds=(0.0, math.inf),
        function=psnr,
        limit=EXACT,
        only_changed=True,
    )
)
