"""Structural similarity, one function for each convention that the field calls SSIM.

`ssim` looks at every colour channel on its own, `ssim_matlab3d` takes the image for a volume whose window mixes
the channels. The second is higher by some hundredths on real photographs, so their values must never share a column.
All use constants K1 = 0.01 and K2 = 0.03, peak 255, an 11-tap Gaussian of sigma 1.5 and population covariance.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks.metrics.base import PEAK, Metric, quantised_pair, register

WINDOW = 11
RADIUS = WINDOW // 2
SIGMA = 1.5
C1 = (0.01 * PEAK) ** 2
C2 = (0.03 * PEAK) ** 2

# Rows of the map made at a time. Float64 maps of one strip stay in the processor's cache and in bounded memory;
# at 720p this halves the time against whole maps, because all but the filters is limited by memory.
_STRIP = 64


@cache
def gaussian() -> np.ndarray:
    """The one-dimensional factor of the window: 11 weights with sum 1, float64, shape (11, 1)."""
    import cv2

    return cv2.getGaussianKernel(WINDOW, SIGMA, cv2.CV_64F)


def _mean_index(a: np.ndarray, b: np.ndarray, mixing: np.ndarray | None = None) -> float:
    """Mean of the SSIM map where the window fits into the image.

    Args:
        a: uint8 image (height, width, channels), both sides at least 11 pixels.
        b: uint8 image of the same shape.
        mixing: Weights (channels, channels) of the window along the channels, row i for output channel i;
            None to keep the channels apart.

    Returns:
        The mean over all positions and channels.
    """
    import cv2

    height, width, channels = a.shape
    kernel, halo = gaussian(), 2 * RADIUS
    # The maps of every strip go to the same memory; fresh pages cost a tenth of the time.
    terms = np.empty((4, _STRIP + halo, width, channels), np.float32)
    filtered = np.empty(terms.shape)
    total = 0.0
    for top in range(0, height - halo, _STRIP):
        size = min(_STRIP + halo, height - top)
        _fill_terms(terms[:, :size], a[top : top + size], b[top : top + size])
        means = []
        for term, out in zip(terms[:, :size], filtered[:, :size], strict=True):
            # The columns where the window sticks out are dropped at the very end: without them the rows would not
            # be contiguous, and everything in between would be slower.
            mean = cv2.sepFilter2D(term, cv2.CV_64F, kernel, kernel, dst=out)[RADIUS:-RADIUS]
            if mixing is not None and channels > 1:
                mean = cv2.transform(mean, mixing)
            means.append(mean.reshape(size - halo, -1))
        index = _index(*means)
        total += float(index[:, RADIUS * channels : -RADIUS * channels].sum())
    return float(total / ((height - halo) * (width - halo) * channels))


def _fill_terms(terms: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """Writes a, b, a² + b² and a b of two uint8 strips into `terms` (4, *strip), float32, in which all are exact."""
    x, y, squares, product = terms
    x[...] = a
    y[...] = b
    np.multiply(x, x, out=product)
    np.multiply(y, y, out=squares)
    squares += product
    np.multiply(x, y, out=product)


def _index(mean_a: np.ndarray, mean_b: np.ndarray, squares: np.ndarray, product: np.ndarray) -> np.ndarray:
    """SSIM map from local means; overwrites `squares` and `product`.

    Args:
        mean_a: Local mean of the first image.
        mean_b: Local mean of the second image.
        squares: Local mean of the sum of both squares; the variances are only ever needed as a sum.
        product: Local mean of the product.

    Returns:
        Array of the same shape, values in [-1, 1].
    """
    means = mean_a * mean_b
    mean_squares = mean_a * mean_a
    mean_squares += mean_b * mean_b
    product -= means
    product *= 2.0
    product += C2
    squares -= mean_squares
    squares += C2
    means *= 2.0
    means += C1
    mean_squares += C1
    product *= means
    squares *= mean_squares
    product /= squares
    return product


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """SSIM of every channel on its own (Wang et al. 2004), the mean over the map and then over the channels.

    2-D Gaussian window 11x11 of sigma 1.5, only positions where it fits, population covariance, float64 on 8-bit
    values. The form of DeepDeblur and the NTIRE challenges; scikit-image gives the same with `gaussian_weights=True,
    sigma=1.5, use_sample_covariance=False, data_range=255`.

    Args:
        a: Image (height, width, channels), uint8 or float in [0, 1], both sides at least 11 pixels.
        b: Image of the same shape, uint8 or float in [0, 1].

    Returns:
        A value in [-1, 1]; exactly 1 for identical images.

    Raises:
        MetricError: When the two are not images of one shape, or too small, or of a wrong type or value.

    >>> black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    >>> ssim(black, black), round(ssim(black, white), 6)
    (1.0, 0.0001)
    """
    return _mean_index(*quantised_pair(a, b, WINDOW))


def ssim_matlab3d(a: np.ndarray, b: np.ndarray) -> float:
    """SSIM of the image taken for a volume, as MATLAB's ssim does with an H x W x 3 array.

    Gaussian window 11x11x11 of sigma 1.5 over rows, columns and channels, border values replicated along all three
    axes, mean of the full-size map, float64 on 8-bit values. The SSIM of the usual GoPro and HIDE tables (MPRNet,
    Restormer and others).

    Args:
        a: Image (height, width, channels), uint8 or float in [0, 1].
        b: Image of the same shape, uint8 or float in [0, 1].

    Returns:
        A value in [-1, 1]; 1 for identical images.

    Raises:
        MetricError: When the two are not images of one shape, or of a wrong type or value.

    >>> black, white = np.zeros((16, 16, 3), np.uint8), np.full((16, 16, 3), 255, np.uint8)
    >>> ssim_matlab3d(black, black), round(ssim_matlab3d(black, white), 6)
    (1.0, 0.0001)
    """
    import cv2

    first, second = quantised_pair(a, b)
    channels = first.shape[2]
    pad = (RADIUS, RADIUS, RADIUS, RADIUS, cv2.BORDER_REPLICATE)
    first, second = (
        cv2.copyMakeBorder(image, *pad).reshape(-1, image.shape[1] + 2 * RADIUS, channels) for image in (first, second)
    )
    return _mean_index(first, second, _replicated_window(channels))


def _replicated_window(channels: int) -> np.ndarray:
    """The window along the channel axis, replicated border included, as a matrix (channels, channels)."""
    centre = np.arange(channels)[:, np.newaxis]
    tap = np.arange(-RADIUS, RADIUS + 1)
    source = np.clip(centre + tap, 0, channels - 1)
    matrix = np.zeros((channels, channels))
    np.add.at(matrix, (np.broadcast_to(centre, source.shape), source), gaussian()[:, 0])
    return matrix


register(
    Metric(
        name="ssim",
        title="SSIM",
        convention="8 bit, each channel alone, 2-D Gaussian 11x11 sigma 1.5, valid region, population covariance",
        unit="",
        higher_is_better=True,
        bounds=(-1.0, 1.0),
        function=ssim,
    )
)
register(
    Metric(
        name="ssim_matlab3d",
        title="SSIM 3-D",
        convention="8 bit, H x W x C as a volume, Gaussian 11x11x11 sigma 1.5, replicated border, full-size map",
        unit="",
        higher_is_better=True,
        bounds=(-1.0, 1.0),
        function=ssim_matlab3d,
    )
)
