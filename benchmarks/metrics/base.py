"""What all metrics share: the order of operations, the checks, and the table of their cards."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from common.errors import InputError

PEAK = 255.0

LOWEST, HIGHEST = -0.5, 1.5
"""Values between which floats in [0, 1] may overshoot; beyond them nobody can mean that range."""

CHANNELS = (1, 3)
"""Numbers of channels that are compared: grey and RGB. A fourth would be opacity, which is no part of an image."""


class MetricError(InputError):
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
        function: The metric itself; takes the restored image and the truth and returns a float.
        truth: What it takes as truth: `"image"`, `"frames"` (of a trajectory, the best counts), `"text"`, or `"none"`
            for one that looks at the restored image alone.
        limit: Value that is recorded for infinity, which no mean and no JSON has; None where it cannot happen.
        only_changed: Whether an image that the blur left unchanged has no score.
        require: Raises MetricError in one line where something that the metric needs is not installed.
        engine: What outside of this package decides its values, by name with versions; nothing for most.
        file: What a file must hold that the metric cannot do without, for messages; empty for most.
        given: The same card with what a file holds, for a metric that needs one.
    """

    name: str
    title: str
    convention: str
    unit: str
    higher_is_better: bool
    bounds: tuple[float, float]
    function: Callable[..., float]
    truth: str = "image"
    limit: float | None = None
    only_changed: bool = False
    require: Callable[[], object] | None = None
    engine: Callable[[], Mapping[str, str]] | None = None
    file: str = ""
    given: Callable[[Path], Metric] | None = None

    @property
    def heading(self) -> str:
        """Title with unit, for tables and charts."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def shown(self, value: float, form: str = ".4g") -> str:
        """A value as text with its unit.

        >>> METRICS["psnr"].shown(31.40625)
        '31.41 dB'
        """
        return f"{value:{form}} {self.unit}".strip()

    def recorded(self, value: float) -> float:
        """A value as it stands in records: a plain float, the limit where it is infinite or beyond."""
        return float(value) if self.limit is None else min(float(value), self.limit)

    def accepts(self, value: float) -> bool:
        """Whether `value` is one that this metric can take (never for NaN).

        Args:
            value: A score. Rounding may carry one past a bound, so 1e-9 beyond is accepted.
        """
        low, high = self.bounds
        return not math.isnan(value) and low - 1e-9 <= value <= high + 1e-9


_CARDS: dict[str, Metric] = {}

METRICS: Mapping[str, Metric] = MappingProxyType(_CARDS)
"""The table of metrics by name, each registered in the file that computes it."""


def register(card: Metric) -> Metric:
    """Adds a metric to the table; whoever adds one calls this beside its function.

    Args:
        card: Its card.

    Returns:
        The same card.

    Raises:
        MetricError: When the name is taken.

    >>> import dataclasses
    >>> from benchmarks.metrics import METRICS
    >>> card = dataclasses.replace(METRICS["mse"], name="mine", function=lambda a, b: 0.0)
    >>> register(card).name, "mine" in METRICS
    ('mine', True)
    >>> unregister("mine")
    """
    if card.name in _CARDS:
        raise MetricError(f"there is a metric {card.name!r} already; choose another name")
    _CARDS[card.name] = card
    return card


def unregister(name: str) -> None:
    """Takes a metric out of the table.

    Raises:
        MetricError: When there is none of this name.

    >>> import dataclasses
    >>> from benchmarks.metrics import METRICS
    >>> _ = register(dataclasses.replace(METRICS["mse"], name="mine"))
    >>> unregister("mine")
    >>> "mine" in METRICS
    False
    """
    if name not in _CARDS:
        raise MetricError(f"there is no metric {name!r} to take out; known are {', '.join(_CARDS)}")
    del _CARDS[name]


def quantise(image: np.ndarray) -> np.ndarray:
    """Brings an image to 8 bit the way every metric here does: clip, scale, round half up.

    The type of the array alone decides the range; the values are never looked at to guess it. Floats that cannot be
    meant for [0, 1] are refused, not clipped.

    Args:
        image: uint8 array in 0..255, or array of any NumPy floating type whose nominal range is [0, 1]; any shape.

    Returns:
        uint8 array of the same shape: the input itself if it is uint8, else floor(255 clip(x, 0, 1) + 0.5),
        computed in float64.

    Raises:
        MetricError: When the type is another one, or a value is NaN, infinite or beyond `LOWEST` and `HIGHEST`.

    >>> quantise(np.array([-0.1, 0.0, 0.5, 1.0, 1.2])).tolist()
    [0, 0, 128, 255, 255]
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
        raise MetricError(f"{bad} of {scaled.size} pixel values are NaN or infinite; check what the model returned")
    if scaled.size and (scaled.min() < LOWEST or scaled.max() > HIGHEST):
        raise MetricError(
            f"floats from {scaled.min():g} to {scaled.max():g} are not in [0, 1]; divide by the largest possible "
            "value, or pass uint8 in 0..255"
        )
    np.clip(scaled, 0.0, 1.0, out=scaled)
    scaled *= PEAK
    scaled += 0.5
    return scaled.astype(np.uint8)


def quantised_image(image: Any, smallest: int = 1) -> np.ndarray:
    """Checks one image and brings it to 8 bit.

    Args:
        image: Image (height, width, channels), 1 or 3 channels; see `quantise` for the types.
        smallest: Least height and width that the caller can work with, in pixels.

    Returns:
        The image as a C-contiguous uint8 array.

    Raises:
        MetricError: When the array is not an image, a side is too short, or `quantise` refuses.
    """
    pixels = np.asarray(image)
    if pixels.ndim != 3:
        raise MetricError(
            f"got shape {pixels.shape}; pass one image (height, width, channels), score a batch one by one"
        )
    if pixels.size == 0 or min(pixels.shape[:2]) < smallest:
        raise MetricError(
            f"image of shape {pixels.shape} is too small; "
            f"this metric needs {smallest}x{smallest} pixels and one channel at least"
        )
    if pixels.shape[2] not in CHANNELS:
        raise MetricError(
            f"image of shape {pixels.shape} has {pixels.shape[2]} channels; pass 1 (grey) or 3 (RGB), without opacity"
        )
    return np.ascontiguousarray(quantise(pixels))


def quantised_pair(a: Any, b: Any, smallest: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Checks two images and brings both to 8 bit.

    Args:
        a: Image (height, width, channels), 1 or 3 channels; see `quantise` for the types.
        b: Image of the same shape; its type may be another one.
        smallest: Least height and width that the caller can work with, in pixels.

    Returns:
        Both as C-contiguous uint8 arrays.

    Raises:
        MetricError: When the shapes differ, or as `quantised_image`.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape:
        raise MetricError(f"images of {first.shape} and {second.shape} cannot be compared; crop both alike first")
    return quantised_image(first, smallest), quantised_image(second, smallest)
