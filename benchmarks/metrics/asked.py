"""Metrics that a user asks for beside those of a protocol: `psnr_y`, `lpips=FILE`."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.metrics.base import METRICS, Metric, MetricError
from common.errors import did_you_mean
from common.files import expand


def asked(words: Sequence[str]) -> list[Metric]:
    """The cards of metrics that are asked for, with what their files hold.

    Args:
        words: A name each, with `=FILE` where the metric cannot do without a file.

    Raises:
        MetricError: For an unknown metric, one that lacks its file or has none, one that is not installed, and a file
            that cannot be read.

    >>> [card.name for card in asked(["psnr_y", "ssim_y"])]
    ['psnr_y', 'ssim_y']
    """
    return [_card(*word.partition("=")) for word in words]


def _card(name: str, sign: str, file: str) -> Metric:
    if name not in METRICS:
        raise MetricError(f"unknown metric {name!r}{did_you_mean(name, METRICS)}; choose from {', '.join(METRICS)}")
    card = METRICS[name]
    if card.given is None:
        if sign:
            raise MetricError(f"{name} needs no file; ask for {name} alone")
        return card
    if card.require is not None:
        card.require()
    if not file:
        raise MetricError(f"{name} needs {card.file}; ask for {name}=FILE")
    return card.given(expand(file))
