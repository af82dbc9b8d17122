"""Two runs image by image: `python -m benchmarks.leaderboard --compare A B`."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from benchmarks import metrics
from benchmarks.errors import RunError
from benchmarks.metrics import Interval
from benchmarks.metrics.summary import Scores
from benchmarks.records.record import Record

WORST = 10
"""How many images are shown that the first run loses most on."""


FEWEST = 6
"""Images below which no difference is told from chance: five coins, too, fall alike once in sixteen throws."""


@dataclass(frozen=True)
class Difference:
    """How two runs differ in one metric.

    Attributes:
        metric: Its name.
        images: Images that both scored.
        interval: Mean of first - second and its paired bootstrap interval.
        worst: (image, first, second) of those where the first is farthest behind, the farthest first; images where it
            is not behind are left out.
    """

    metric: str
    images: int
    interval: Interval
    worst: tuple[tuple[str, float, float], ...]

    @property
    def tied(self) -> bool:
        """Whether it is left open which run is better."""
        return undecided(self.images, self.interval)


def undecided(images: int, interval: Interval) -> bool:
    """Whether a paired difference leaves open which run is better.

    A bootstrap of few images draws too narrow an interval; where all of them agree it even excludes 0 for certain. The
    two-sided sign test at 5 % asks for six that agree.

    Args:
        images: Images that both runs scored.
        interval: Mean difference and its 95 % interval.
    """
    return images < FEWEST or interval.holds_zero


def paired(a: Scores, b: Scores, metric: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The images that both scored, in the first one's order, and both scores of each."""
    first, second = (dict(zip(scores.images, scores.values[metric], strict=True)) for scores in (a, b))
    names = [name for name, value in first.items() if value is not None and second.get(name) is not None]
    return names, np.array([first[name] for name in names]), np.array([second[name] for name in names])


def compare(a: Record, b: Record) -> list[Difference]:
    """How two runs differ in every metric that both have.

    Raises:
        RunError: When they were not scored alike or have no image in common.
    """
    for name in ("dataset", "protocol"):
        ours, theirs = getattr(a.run, name), getattr(b.run, name)
        if ours != theirs:
            raise RunError(
                f"{a.path.name} has {name} {ours} and {b.path.name} {theirs}; compare runs of one data set and protocol"
            )
    # LPIPS of two backbones is two metrics.
    sources = [record.result.evaluation.sources for record in (a, b)]
    apart = {name for name in sources[0].keys() | sources[1].keys() if sources[0].get(name) != sources[1].get(name)}
    return differences(a.result.scores, b.result.scores, (a.path.name, b.path.name), apart)


def differences(a: Scores, b: Scores, names: tuple[str, str], apart: Container[str] = ()) -> list[Difference]:
    """How the scores of the same images differ in every metric that both have.

    Args:
        a: The first scores.
        b: The second scores.
        names: How messages call both.
        apart: Metrics that are left out, as both sides mean different things by them.

    Raises:
        RunError: When they have no image in common.
    """
    found = []
    for metric in a.values:
        if metric not in b.values or metric in apart:
            continue
        images, first, second = paired(a, b, metric)
        if not images:
            raise RunError(f"{names[0]} and {names[1]} have no image in common; score both on the same data")
        behind = second - first if metrics.METRICS[metric].higher_is_better else first - second
        worst = [index for index in np.argsort(-behind, kind="stable")[:WORST] if behind[index] > 0]
        shown = tuple((images[index], float(first[index]), float(second[index])) for index in worst)
        found.append(Difference(metric, len(images), metrics.paired_difference(first, second), shown))
    return found
