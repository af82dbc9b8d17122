"""Confidence intervals of mean scores by resampling the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.metrics.base import MetricError

# Random indices drawn at a time: 8 MiB of them, whatever the number of scores and resamples.
_DRAWS = 1 << 20


@dataclass(frozen=True)
class Interval:
    """A mean over images and its bootstrap interval, in the unit of the scores.

    Attributes:
        mean: Mean of the scores.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    mean: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether a difference with this interval leaves open which side is larger."""
        return self.low <= 0 <= self.high


def mean_interval(
    scores: Sequence[float] | np.ndarray, resamples: int = 10_000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Percentile bootstrap of the mean over images (Efron 1979).

    The interval says how much the mean depends on which images were measured; it knows nothing of the spread over
    training runs, and neighbouring frames of a video are less independent than it takes them to be.

    Args:
        scores: One finite score per image. Identical images have an infinite PSNR: leave such a data set without
            an interval, since it has no mean either.
        resamples: How many data sets of the same size are drawn with replacement.
        seed: Seed of the draws; the same arguments give the same interval.
        level: Share of the resampled means inside the interval, between 0 and 1.

    Returns:
        Mean and interval; of a single score all three are that score.

    Raises:
        MetricError: When there is no score, one is not finite, or an argument is out of range.

    >>> mean_interval([26.0, 28.0, 30.0, 32.0])
    Interval(mean=29.0, low=27.0, high=31.0)
    """
    values = _finite(scores)
    if resamples < 1 or not 0.0 < level < 1.0:
        raise MetricError(f"resamples={resamples}, level={level}; need resamples of at least 1, level between 0 and 1")
    generator = np.random.default_rng(seed)
    means = np.empty(resamples)
    rows = max(1, _DRAWS // values.size)
    for start in range(0, resamples, rows):
        part = means[start : start + rows]
        draws = generator.integers(0, values.size, (part.size, values.size))
        part[:] = values[draws].mean(axis=1)
    low, high = np.quantile(means, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Interval(float(values.mean()), float(low), float(high))


def paired_difference(
    a: Sequence[float] | np.ndarray,
    b: Sequence[float] | np.ndarray,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Bootstrap of the mean of a - b, image by image.

    Two models find the same images hard, so the interval of the difference is much narrower than those of the
    two means; it is the one that tells whether a lead is real.

    Args:
        a: One finite score per image.
        b: Scores of the same images in the same order.
        resamples: See `mean_interval`.
        seed: See `mean_interval`.
        level: See `mean_interval`.

    Returns:
        Mean difference and its interval.

    Raises:
        MetricError: When the numbers of scores differ, or as `mean_interval`.

    >>> paired_difference([26.5, 28.5, 30.5], [26.0, 28.0, 30.0]).holds_zero
    False
    """
    first, second = _finite(a), _finite(b)
    if first.size != second.size:
        raise MetricError(
            f"{first.size} scores against {second.size}; pass scores of the same images in the same order"
        )
    return mean_interval(first - second, resamples, seed, level)


def _finite(scores: Sequence[float] | np.ndarray) -> np.ndarray:
    values = np.asarray(scores, np.float64)
    if values.ndim != 1 or values.size == 0:
        raise MetricError(f"scores of shape {values.shape}; pass one score per image, at least one")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise MetricError(
            f"score {bad[0]} is {values[bad[0]]} ({bad.size} of {values.size} not finite); "
            "identical images and failed images have no place in a mean"
        )
    return values
