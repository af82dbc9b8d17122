"""Alignment before scoring, for pairs whose sharp image was not taken exactly in the middle of the exposure.

Such a pair scores a good restoration lower than the blurred image itself: a shift by half a pixel costs several dB on
sharp edges. The restored image is moved onto the sharp one by a translation of fractions of a pixel, which is found by
maximising the enhanced correlation coefficient (Evangelidis and Psarakis, "Parametric image alignment using enhanced
correlation coefficient maximization", 2008); RealBlur's protocol does the same with a homography.
"""

from __future__ import annotations

import numpy as np

from benchmarks.metrics.base import PEAK, MetricError, quantised_pair

BORDER = 16
"""Pixels at every edge that count neither for the estimate nor for the scores: the largest shift that is looked for."""

_SMALLEST = 4 * BORDER
_INSIDE = (slice(BORDER, -BORDER),) * 2
_ITERATIONS, _PRECISION, _SMOOTHING = 50, 1e-6, 5
_REFINEMENTS, _CUBIC = 3, 3


def offset(restored: np.ndarray, sharp: np.ndarray) -> tuple[float, float]:
    """How far a restored image lies from the sharp one.

    Args:
        restored: Image (height, width, channels), uint8 or float in [0, 1].
        sharp: Image of the same shape.

    Returns:
        Pixels down and right, to about a hundredth. (0, 0) where the images have nothing in common that could be
        aligned, such as a flat restoration, or only at more than `BORDER` pixels.

    Raises:
        MetricError: When the two are not images of one shape, type or values, or a side has less than 64 pixels.

    >>> sharp = np.random.default_rng(0).random((80, 96, 1)).repeat(3, axis=-1)
    >>> sharp = (sharp + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1) + np.roll(sharp, (1, 1), (0, 1))) / 4
    >>> down, right = offset(np.roll(sharp, (2, -1), (0, 1)), sharp)
    >>> round(down, 1), round(right, 1)
    (2.0, -1.0)
    """
    first, second = quantised_pair(restored, sharp)
    if min(first.shape[:2]) < _SMALLEST:
        raise MetricError(f"alignment needs images of at least {_SMALLEST} pixels a side, not {first.shape[:2]}")
    return _offset(first, second)


def aligned(restored: np.ndarray, sharp: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moves a restored image onto the sharp one and cuts `BORDER` pixels off every edge of both.

    Args:
        restored: Image (height, width, channels), uint8 or float in [0, 1]; clipped and rounded to 8 bit first.
        sharp: Image of the same shape.

    Returns:
        Both images, float64 in [0, 1], each side shorter by twice `BORDER`. The restored one is interpolated by a cubic
        spline; where there is nothing to align it is what it was.

    Raises:
        MetricError: As `offset`.
    """
    from scipy import ndimage

    down, right = offset(restored, sharp)
    first, second = (image / PEAK for image in quantised_pair(restored, sharp))
    if (down, right) != (0.0, 0.0):
        first = ndimage.shift(first, (-down, -right, 0), order=_CUBIC, mode="nearest")
    # A spline overshoots at edges, by more than scores admit where black meets white.
    return first[_INSIDE].clip(0, 1), second[_INSIDE]


def _offset(restored: np.ndarray, sharp: np.ndarray) -> tuple[float, float]:
    """`offset` of 8-bit images."""
    import cv2

    image, template = (pixels.mean(axis=-1, dtype=np.float32) for pixels in (restored, sharp))
    mask = np.zeros(template.shape, np.uint8)
    mask[_INSIDE] = 1
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _ITERATIONS, _PRECISION)
    start = np.eye(2, 3, dtype=np.float32)
    try:
        _, warp = cv2.findTransformECC(template, image, start, cv2.MOTION_TRANSLATION, stop, mask, _SMOOTHING)
    except cv2.error:
        # It says so of images without contrast, and of those that do not overlap any more on the way.
        return 0.0, 0.0
    found = _refined(image, template, warp[::-1, 2].astype(np.float64))
    if not np.abs(found).max() <= BORDER:
        return 0.0, 0.0
    return float(found[0]), float(found[1])


def _refined(image: np.ndarray, template: np.ndarray, found: np.ndarray) -> np.ndarray:
    """An offset (down, right) to a hundredth of a pixel from one to a twentieth.

    OpenCV interpolates at multiples of 1/32 pixel. Here the template is fitted by least squares as a constant, the
    moved image and its two derivatives, all smoothed; the derivatives' factors say how far the image still lies off.
    """
    import cv2
    from scipy import ndimage

    image, template = (cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float64) for grey in (image, template))
    coefficients, wanted = ndimage.spline_filter(image), template[_INSIDE].ravel()
    for _ in range(_REFINEMENTS):
        moved = ndimage.shift(coefficients, -found, order=_CUBIC, prefilter=False, mode="nearest")
        parts = [part[_INSIDE].ravel() for part in (moved, *np.gradient(moved))]
        basis = np.stack([np.ones_like(wanted), *parts])
        _, gain, *slopes = np.linalg.lstsq(basis @ basis.T, basis @ wanted, rcond=None)[0]
        if not gain > 0:
            return found
        found = found + np.clip(np.array(slopes) / gain, -0.5, 0.5)
    return found
