"""Mean squared error and peak signal-to-noise ratio of 8-bit pictures."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.metrics.base import PEAK, quantised_pair


def mse(a: np.ndarray, b: np.ndarray) -> float:
    """Mean squared error on the [0, 1] scale, over all pixels and channels, after rounding to 8 bit.

    Args:
        a: Picture (height, width, channels), uint8 or float in [0, 1].
        b: Picture of the same shape, uint8 or float in [0, 1].

    Returns:
        A value from 0 (identical) to 1.

    Raises:
        MetricError: When the two are not pictures of one shape, type or values; see `quantise`.
    """
    import cv2

    first, second = quantised_pair(a, b)
    # The sum of squares of 8-bit differences is an integer; OpenCV returns its root squared, off by rounding.
    total = round(cv2.norm(first.reshape(len(first), -1), second.reshape(len(second), -1), cv2.NORM_L2SQR))
    return total / (first.size * PEAK**2)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(255² / MSE over all pixels and channels) of 8-bit values.

    The same number as MATLAB's psnr on uint8 RGB arrays, which the GoPro and HIDE tables use. Over a data set the
    mean of the values is meant, which is not the value of the mean error.

    Args:
        a: Picture (height, width, channels), uint8 or float in [0, 1].
        b: Picture of the same shape, uint8 or float in [0, 1].

    Returns:
        Decibels, 0 at least; `math.inf` when the 8-bit pictures are identical. Nothing is capped: a data set
        with an infinite score has no finite mean, and JSON has no infinity, so who records scores must decide.

    Raises:
        MetricError: As `mse`.
    """
    error = mse(a, b)
    return -10.0 * math.log10(error) if error > 0.0 else math.inf
