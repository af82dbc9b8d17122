"""Interleaved timing of two ways to do the same thing."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """One line of the speed table.

    Attributes:
        name: What is compared.
        ours: Our figure.
        other: The competitor's figure.
        unit: Unit of both.
        ratio: By how much ours is better (more per second, fewer seconds, less memory); above 1 is good.
        target: Smallest ratio that we promise; None where nothing is promised.
    """

    name: str
    ours: float
    other: float
    unit: str
    ratio: float
    target: float | None = None


def alternate(ours: Callable[[], object], other: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Returns the median seconds of both, measured A B A B after one warm-up each."""
    ours()
    other()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for function, collected in zip((ours, other), seconds, strict=True):
            start = time.perf_counter()
            function()
            collected.append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])
