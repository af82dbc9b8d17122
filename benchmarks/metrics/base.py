"""What all metrics share: the order of operations, the checks, and the card that describes a metric."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

PEAK = 255.0


class MetricError(Exception):
    """Something about the input of a metric is wrong; one line: what, which values, what to do."""


@dataclass(frozen=True)
class Metric:
    """The card of a metric, by which records and leaderboards name, label, check and rank its values.

    Attributes:
        name: Key in records and tables.
        title: Heading for readers.
        convention: One line that fixes the value: window, region, channels, constants, rounding.
        unit: Unit of the value; empty where it has none.
        higher_is_better: Direction of ranking.
        bounds: Lowest and highest value that the metric can take.
        function: The metric itself; returns a float.
    """

    name: str
    title: str
    convention: str
    unit: str
    higher_is_better: bool
    bounds: tuple[float, float]
    function: Callable[..., float]

    @property
    def heading(self) -> str:
        """Title with unit, for tables and charts."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def shown(self, value: float, form: str = ".4g") -> str:
        """Returns a value as text with its unit."""
        return f"{value:{form}} {self.unit}".strip()

    def accepts(self, value: float) -> bool:
        """Returns whether `value` is one that this metric can take (never for NaN).

        Args:
            value: A score. Rounding may carry one past a bound, so 1e-9 beyond is accepted.
        """
        low, high = self.bounds
        return not math.isnan(value) and low - 1e-9 <= value <= high + 1e-9


def quantise(image: np.ndarray) -> np.ndarray:
    """Brings a picture to 8 bit the way every metric here does: clip, scale, round half up.

    The type of the array alone decides the range; the values are never looked at to guess it.

    Args:
        image: uint8 array in 0..255, or array of any NumPy floating type whose nominal range is [0, 1]; any shape.

    Returns:
        uint8 array of the same shape: the input itself if it is uint8, else floor(255 clip(x, 0, 1) + 0.5),
        computed in float64.

    Raises:
        MetricError: When the type is another one, or a value is NaN or infinite.
    """
    pixels = np.asarray(image)
    if pixels.dtype == np.uint8:
        return pixels
    if not np.issubdtype(pixels.dtype, np.floating):
        raise MetricError(
            f"pixels of type {pixels.dtype} have no agreed range; pass uint8 in 0..255 or float in [0, 1]"
        )
    scaled = pixels.astype(np.float64)
    if not np.isfinite(scaled).all():
        bad = int(scaled.size - np.isfinite(scaled).sum())
        raise MetricError(f"{bad} of {scaled.size} pixel values are NaN or infinite; check what the network returned")
    np.clip(scaled, 0.0, 1.0, out=scaled)
    scaled *= PEAK
    scaled += 0.5
    return scaled.astype(np.uint8)


def quantised_picture(image: Any, smallest: int = 1) -> np.ndarray:
    """Checks one picture and brings it to 8 bit.

    Args:
        image: Picture (height, width, channels); see `quantise` for the types.
        smallest: Least height and width that the caller can work with, in pixels.

    Returns:
        The picture as a C-contiguous uint8 array.

    Raises:
        MetricError: When the array is not a picture, a side is too short, or `quantise` refuses.
    """
    pixels = np.asarray(image)
    if pixels.ndim != 3:
        raise MetricError(
            f"got shape {pixels.shape}; pass one picture (height, width, channels), score a batch one by one"
        )
    if pixels.size == 0 or min(pixels.shape[:2]) < smallest:
        raise MetricError(
            f"picture of shape {pixels.shape} is too small; "
            f"this metric needs {smallest}x{smallest} pixels and one channel at least"
        )
    return np.ascontiguousarray(quantise(pixels))


def quantised_pair(a: Any, b: Any, smallest: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Checks two pictures and brings both to 8 bit.

    Args:
        a: Picture (height, width, channels); see `quantise` for the types.
        b: Picture of the same shape; its type may be another one.
        smallest: Least height and width that the caller can work with, in pixels.

    Returns:
        Both as C-contiguous uint8 arrays.

    Raises:
        MetricError: When the shapes differ, or as `quantised_picture`.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape:
        raise MetricError(f"pictures of {first.shape} and {second.shape} cannot be compared; crop both alike first")
    return quantised_picture(first, smallest), quantised_picture(second, smallest)
