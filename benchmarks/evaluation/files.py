"""Scoring image files that are restored already, whatever program made them: nothing but decoding and metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.errors import RunError
from benchmarks.evaluation.scoring import Gathering, Scores, Values, score_image
from benchmarks.protocols import Protocol
from common.cores import cores
from common.progress import Progress
from datasets.image import Frame, as_colour
from datasets.pairs import Pair, Pairs
from datasets.pipeline import as_float


@dataclass(frozen=True)
class FileScores:
    """Scores and what they took.

    Attributes:
        scores: Every image's scores.
        seconds: Wall-clock time.
        decoding: Share of the threads' time that went into decoding.
    """

    scores: Scores
    seconds: float
    decoding: float

    @property
    def words(self) -> str:
        """The speed for a reader.

        >>> FileScores(Scores(("a", "b"), {}), 0.5, 0.25).words
        '2 images in 0.5 s, 4.0 a second, 25 % of it decoding'
        """
        count = len(self.scores.names)
        rate = count / max(self.seconds, 1e-9)
        share = f"{100 * self.decoding:.0f} % of it decoding"
        return f"{count:,} images in {self.seconds:.1f} s, {rate:.1f} a second, {share}"


def refuse_crops(protocol: Protocol) -> None:
    """Raises RunError for a protocol that scores crops, of which a restored file is none."""
    if protocol.crop is not None:
        raise RunError(
            f"protocol {protocol.name} scores crops that were restored alone; choose one that scores whole images"
        )


def evaluate_files(
    restored: Sequence[Frame],
    pairs: Pairs,
    protocol: Protocol,
    workers: int | None = None,
    progress: Progress | None = None,
) -> FileScores:
    """Scores restored images; gives the digits that `evaluate` gives for a model with these outputs, rounded to 8 bit.

    Images are decoded and scored by threads; each holds one image at a time, so memory does not grow with their number.

    Args:
        restored: The restored image of each pair.
        pairs: The pairs, see `benchmarks.protocols.scored`. Where the blurry image is not known a pair has none, and no
            image counts as unchanged; without a sharp image only metrics that need none can be measured.
        protocol: How to score.
        workers: Threads; None takes one for each core.
        progress: Called with images done and in all.

    Raises:
        RunError: As `refuse_crops`.
        DataError: When an image cannot be read.
        MetricError: When one cannot be scored; the message names it.
    """
    refuse_crops(protocol)
    workers = workers or cores()
    spent = [0.0, 0.0]
    start = time.perf_counter()
    with Gathering(protocol, workers) as scoring:
        for done, (frame, pair) in enumerate(zip(restored, pairs, strict=True), 1):
            scoring.add(partial(_score, protocol, spent), frame, pair)
            scoring.collect(keep=2 * workers)
            if progress is not None:
                progress(done, len(pairs))
        scoring.collect()
    seconds = time.perf_counter() - start
    scores = Scores(tuple(pair.name for pair in pairs), scoring.values)
    return FileScores(scores, seconds, spent[0] / max(sum(spent), 1e-9))


def _score(protocol: Protocol, spent: list[float], restored: Frame, pair: Pair) -> Values:
    """One image's values; adds the seconds of decoding and of scoring to `spent`."""
    start = time.perf_counter()
    middle = pair.blurry[len(pair.blurry) // 2 : len(pair.blurry) // 2 + 1]
    frames = (restored, *pair.sharp[:1], *middle)
    images = _of_three_channels([frame.read() for frame in frames])
    decoded = time.perf_counter()
    target = images[1] if pair.sharp else images[0]
    values = score_image(protocol, pair, images[0], target, images[-1] if middle else None)
    # A lost update would cost a few milliseconds of a figure for readers.
    spent[0] += decoded - start
    spent[1] += time.perf_counter() - decoded
    return values


def _of_three_channels(images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Images as metrics take them: of 8 bit as they are, floats where one has 16; grey is repeated."""
    if any(image.dtype != np.uint8 for image in images):
        return [as_float(image) for image in images]
    return [as_colour(image) for image in images]
