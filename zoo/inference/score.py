"""How near a restored photograph is to the sharp one: PSNR and SSIM of 8-bit images, in bounded memory.

The conventions are those of `psnr` and `ssim` in the benchmarks: 8 bit, float64; SSIM of each channel alone, Gaussian
window of 11 x 11 with sigma 1.5, population covariance, where the window fits into the image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from common.pixels import to_eight_bits
from zoo.errors import ZooError

_WINDOW = 11
_STRIP = 512


def psnr(image: np.ndarray, sharp: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of two images (height, width, channels), uint8 or uint16; infinite if equal.

    >>> psnr(np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8))
    0.0
    """
    total = sum(
        int(np.square(a.astype(np.int64) - b.astype(np.int64)).sum()) for a, b in _strips(image, sharp, overlap=0)
    )
    return 10 * math.log10(255**2 * image.size / total) + 0.0 if total else math.inf


def ssim(image: np.ndarray, sharp: np.ndarray) -> float | None:
    """Structural similarity of two images (height, width, channels); None for one with a side under 11 pixels."""
    from skimage.metrics import structural_similarity

    height, width, _ = image.shape
    if min(height, width) < _WINDOW:
        return None
    total = 0.0
    for a, b in _strips(image, sharp, overlap=_WINDOW - 1):
        # Every strip has as many rows of its own as it has beyond the overlap.
        total += (len(a) - _WINDOW + 1) * structural_similarity(
            a, b, data_range=255, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    return float(total / (height - _WINDOW + 1))


def check_pair(image: np.ndarray, sharp: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Two images with as many channels, grey ones repeated.

    Raises:
        ZooError: When their sizes differ.
    """
    if image.shape[:2] != sharp.shape[:2]:
        here, there = ("x".join(map(str, each.shape[1::-1])) for each in (image, sharp))
        raise ZooError(f"{name}: is {there} pixels, the blurred image {here}; give the sharp image of the same size")
    channels = max(image.shape[2], sharp.shape[2])
    first, second = (np.broadcast_to(each, (*each.shape[:2], channels)) for each in (image, sharp))
    return first, second


def side_by_side(panels: list[np.ndarray], widest: int = 8192) -> np.ndarray:
    """Images (height, width, 1 or 3), uint8 or uint16, in a row with thin white lines between, uint8 RGB.

    Args:
        panels: The images, of one size.
        widest: Pixels of the row; larger images are scaled down.
    """
    width = panels[0].shape[1]
    small = [reduced(panel, widest / (len(panels) * width)) for panel in panels]
    height, width = small[0].shape[:2]
    line = np.full((height, max(2, width // 200), 3), 255, np.uint8)
    row: list[np.ndarray] = []
    for panel in small:
        row += [np.broadcast_to(to_eight_bits(panel), (height, width, 3)), line]
    return np.concatenate(row[:-1], axis=1)


def reduced(pixels: np.ndarray, factor: float) -> np.ndarray:
    """An image (height, width, channels) whose sides are scaled by a factor; as it is from a factor of 1 on."""
    import cv2

    if factor >= 1:
        return pixels
    height, width, channels = pixels.shape
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    # OpenCV takes the last axis off grey images.
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).reshape(*size[::-1], channels)


def _strips(image: np.ndarray, sharp: np.ndarray, overlap: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Both images in strips of 8 bits that overlap by so many rows."""
    for top in range(0, len(image) - overlap, _STRIP):
        rows = slice(top, top + _STRIP + overlap)
        yield to_eight_bits(image[rows]), to_eight_bits(sharp[rows])
