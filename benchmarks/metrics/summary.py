"""What the values of many images come to: means with bootstrap intervals, as records keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from benchmarks.metrics.base import MetricError
from benchmarks.metrics.bootstrap import mean_interval
from common.notebook import table

DIGITS = 6
"""Decimals of values and means."""


class Mean(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Mean over the images and its bootstrap 95 % interval."""

    mean: float
    low: float
    high: float


class Scores(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Every image's scores and what they come to.

    Attributes:
        means: Metric -> mean over the images.
        images: The images, `scene/frame`.
        values: Metric -> one score for each image; None where an image has no such score.
        steps: Blur step -> mean OCR score; None for other data.
        stop_step: The last step before a mean under 70; None where there is none.
    """

    means: dict[str, Mean]
    images: tuple[str, ...]
    values: dict[str, tuple[float | None, ...]]
    steps: dict[str, float] | None = None
    stop_step: int | None = None

    def __repr__(self) -> str:
        means = ", ".join(f"{name} {mean.mean:.5g}" for name, mean in self.means.items())
        return f"<Scores of {len(self.images)} images: {means}>"

    def _repr_html_(self) -> str:
        rows = [(name, f"{mean.mean:.6g}", f"{mean.low:.6g} to {mean.high:.6g}") for name, mean in self.means.items()]
        return table(rows, ("metric", f"mean of {len(self.images)} images", "95 % interval"))

    def __post_init__(self) -> None:
        for name in self.means.keys() ^ self.values.keys():
            raise ValueError(f"{name} has {'no values' if name in self.means else 'no mean'}; run again")
        for name, values in self.values.items():
            if len(values) != len(self.images):
                raise ValueError(f"{name}: {len(values)} values for {len(self.images)} images; run again")


def summarise(names: Sequence[str], values: Mapping[str, Sequence[float | None]]) -> Scores:
    """Every image's values and their means with bootstrap 95 % intervals.

    Args:
        names: The images.
        values: One value per image and metric; None where an image has no such score, which the mean leaves out.

    Raises:
        MetricError: When no image has a score.

    >>> summarise(["a", "b"], {"psnr": [20.0, 30.0]}).means["psnr"].mean
    25.0
    """
    means = {}
    for name, scores in values.items():
        present = [score for score in scores if score is not None]
        if not present:
            raise MetricError(f"{name}: not one of {len(names)} images can be scored; the blur left them all unchanged")
        interval = mean_interval(present)
        means[name] = Mean(
            mean=round(interval.mean, DIGITS), low=round(interval.low, DIGITS), high=round(interval.high, DIGITS)
        )
    rounded = {
        name: tuple(value if value is None else round(value, DIGITS) for value in scores)
        for name, scores in values.items()
    }
    return Scores(means=means, images=tuple(names), values=rounded)
