"""PSNR and SSIM of the luma alone, as papers on super-resolution and deraining report them.

The luma is that of MATLAB's `rgb2ycbcr` on 8-bit images: ITU-R BT.601 in studio range, 16 for black and 235 for white,
rounded to 8 bit. It leaves colour out and spans 219 values, so PSNR is higher than over RGB by a decibel or more; the
two must never share a column.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.metrics.base import Metric, quantised_pair, register
from benchmarks.metrics.psnr import EXACT, psnr
from benchmarks.metrics.ssim import WINDOW, ssim

# Black, and the weights of red, green and blue in units of 1/255 (Recommendation ITU-R BT.601-7).
_BLACK, _WEIGHTS = 16.0, (65.481, 128.553, 24.966)


def luma(image: np.ndarray) -> np.ndarray:
    """The luma of an 8-bit image, rounded to 8 bit, halves up.

    Args:
        image: uint8 array (height, width, 3) in RGB order, or (height, width, 1), of which all three are the same.

    Returns:
        uint8 array (height, width, 1) in 16..235.

    >>> luma(np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)).ravel().tolist()
    [16, 235, 81, 145, 41]
    """
    weights = np.array(_WEIGHTS) / 255
    # Three products and sums of whole planes are several times as fast as a matrix product over short rows.
    planes = [image[..., channel % image.shape[-1]] for channel in range(3)]
    light = sum((plane * weight for plane, weight in zip(planes, weights, strict=True)), np.float64(_BLACK + 0.5))
    rounded: np.ndarray = np.asarray(light).astype(np.uint8)[..., np.newaxis]
    return rounded


def psnr_y(a: Any, b: Any) -> float:
    """Peak signal-to-noise ratio of the luma in dB; the peak is 255 though the luma ends at 235, as is usual.

    Args:
        a: Image (height, width, channels), uint8 or float in [0, 1].
        b: Image of the same shape, uint8 or float in [0, 1].

    Returns:
        Decibels, 0 at least; `math.inf` where the lumas are identical.

    Raises:
        MetricError: As `benchmarks.metrics.psnr`.

    >>> black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    >>> round(psnr_y(black, white), 4)  # 20 log10(255 / 219)
    1.3219
    """
    first, second = quantised_pair(a, b)
    return psnr(luma(first), luma(second))


def ssim_y(a: Any, b: Any) -> float:
    """SSIM of the luma, otherwise as `benchmarks.metrics.ssim` (Wang et al. 2004).

    Args:
        a: Image (height, width, channels), uint8 or float in [0, 1], both sides at least 11 pixels.
        b: Image of the same shape, uint8 or float in [0, 1].

    Returns:
        A value in [-1, 1]; exactly 1 for identical lumas.

    Raises:
        MetricError: As `benchmarks.metrics.ssim`.

    >>> black = np.zeros((16, 16, 3), np.uint8)
    >>> ssim_y(black, black)
    1.0
    """
    first, second = quantised_pair(a, b, WINDOW)
    return ssim(luma(first), luma(second))


_LUMA = "luma of MATLAB's rgb2ycbcr (BT.601, 16 to 235) rounded to 8 bit"

register(
    Metric(
        name="psnr_y",
        title="PSNR-Y",
        convention=f"8 bit, {_LUMA}, 10 log10(255^2 / MSE), mean of the images' values",
        unit="dB",
        higher_is_better=True,
        bounds=(0.0, np.inf),
        function=psnr_y,
        limit=EXACT,
        only_changed=True,
    )
)
register(
    Metric(
        name="ssim_y",
        title="SSIM-Y",
        convention=f"8 bit, {_LUMA}, Gaussian 11x11 sigma 1.5, valid region, population covariance",
        unit="",
        higher_is_better=True,
        bounds=(-1.0, 1.0),
        function=ssim_y,
    )
)
