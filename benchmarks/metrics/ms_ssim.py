"""Five-scale structural similarity of luminance, the second index of the Koehler benchmark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.metrics.base import MetricError, quantised_pair
from benchmarks.metrics.ssim import C1, C2, RADIUS, WINDOW, gaussian

LUMINANCE = (0.299, 0.587, 0.114)
EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SMALLEST = (WINDOW - 1) * 2 ** (len(EXPONENTS) - 1) + 1  # the window must fit once into the last scale

# Low-pass of the 9/7 biorthogonal wavelet (Cohen, Daubechies, Feauveau), here brought to sum 1.
_HALF = (0.037828455506995, -0.023849465019380, -0.110624404418423, 0.377402855612654)
_TAPS = np.array([*_HALF, 0.852698679009403, *_HALF[::-1]])
_LOW_PASS = _TAPS / _TAPS.sum()


@dataclass(frozen=True)
class Scale:
    """One scale of one image, with the local statistics that do not depend on the other image.

    Attributes:
        values: Luminance (height, width), float64.
        mean: Gaussian-weighted local mean where the window fits (height - 10, width - 10).
        variance: Local population variance, same shape, not negative.
    """

    values: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    def times(self, factor: float) -> Scale:
        """The scale of the image multiplied by `factor`."""
        return Scale(self.values * factor, self.mean * factor, self.variance * factor**2)


def luminance(pixels: np.ndarray) -> np.ndarray:
    """0.299 R + 0.587 G + 0.114 B of an RGB image (height, width, 3), float64 and unrounded."""
    import cv2

    return cv2.transform(pixels.astype(np.float64, copy=False), np.array([LUMINANCE]))


def _local_mean(values: np.ndarray) -> np.ndarray:
    import cv2

    kernel = gaussian()
    filtered = cv2.sepFilter2D(values, cv2.CV_64F, kernel, kernel)
    return filtered[RADIUS:-RADIUS, RADIUS:-RADIUS]


def scales(values: np.ndarray) -> list[Scale]:
    """Breaks a luminance image down into the five scales.

    Args:
        values: float64 array (height, width), both sides at least 161 pixels.

    Returns:
        From the finest; each next one is low-passed (half-sample symmetric border) and keeps every second sample.
    """
    import cv2

    result = []
    for step in range(len(EXPONENTS)):
        if step:
            smooth = cv2.sepFilter2D(values, cv2.CV_64F, _LOW_PASS, _LOW_PASS, borderType=cv2.BORDER_REFLECT)
            values = np.ascontiguousarray(smooth[::2, ::2])
        mean = _local_mean(values)
        # Rounding can leave a variance of -1e-12 on flat areas, which has no square root.
        variance = np.maximum(_local_mean(values * values) - mean * mean, 0.0)
        result.append(Scale(values, mean, variance))
    return result


def compare(first: list[Scale], second: list[Scale]) -> float:
    """Index of two images from their scales.

    Contrast and structure are averaged separately on each scale; this is not the product form of
    `tf.image.ssim_multiscale`. A negative mean structure has no real power and counts as 0 (our choice).

    Args:
        first: `scales` of one image.
        second: `scales` of the other.

    Returns:
        A value from 0 to 1.
    """
    index = 1.0
    for x, z, exponent in zip(first, second, EXPONENTS, strict=True):
        covariance = _local_mean(x.values * z.values) - x.mean * z.mean
        deviations = np.sqrt(x.variance * z.variance)
        contrast = np.mean((2.0 * deviations + C2) / (x.variance + z.variance + C2))
        structure = np.mean((covariance + C2 / 2) / (deviations + C2 / 2))
        index *= float(contrast) ** exponent * max(float(structure), 0.0) ** exponent
    x, z = first[-1], second[-1]
    mean_term = np.mean((2.0 * x.mean * z.mean + C1) / (x.mean**2 + z.mean**2 + C1))
    return float(min(index * float(mean_term) ** EXPONENTS[-1], 1.0))


def require_rgb(pixels: np.ndarray) -> None:
    """Raises MetricError when an array (height, width, channels) does not have three channels."""
    if pixels.shape[2] != 3:
        raise MetricError(f"got {pixels.shape[2]} channels; luminance needs 3 (RGB), repeat a grey channel three times")


def mssim_luminance(a: np.ndarray, b: np.ndarray) -> float:
    """Five-scale SSIM of luminance in the form of the Koehler benchmark (Koehler et al. 2012, after Wang et al. 2003).

    8-bit RGB, luminance 0.299/0.587/0.114 unrounded, float64; see `scales` and `compare`.

    Args:
        a: RGB image (height, width, 3), uint8 or float in [0, 1], both sides at least 161 pixels.
        b: Image of the same shape, uint8 or float in [0, 1].

    Returns:
        A value from 0 to 1.

    Raises:
        MetricError: When the two are not RGB images of one shape, or too small, or of a wrong type or value.

    >>> noise = np.random.default_rng(0).integers(0, 256, (170, 170, 3), dtype=np.uint8)
    >>> round(mssim_luminance(noise, noise), 9), mssim_luminance(noise, 255 - noise)
    (1.0, 0.0)
    """
    first, second = quantised_pair(a, b, SMALLEST)
    require_rgb(first)
    return compare(scales(luminance(first)), scales(luminance(second)))
