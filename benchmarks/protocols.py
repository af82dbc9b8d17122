"""The named ways to score a model on a data set; rows of different protocols are never ranked together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from benchmarks.errors import RunError
from benchmarks.metrics import METRICS, Metric, alignment, kohler, ocr
from benchmarks.metrics.summary import Scores, summarise
from datasets.pairs import Pair, Pairs
from datasets.registry import info as dataset_info

Values = Mapping[str, Sequence[float | None]]
"""Metric's name -> one value per image; None where an image has no such score."""


@dataclass(frozen=True)
class Protocol:
    """One way to score: which images count, what is measured of each, and how the values are summed up.

    Attributes:
        name: Name in records and on the command line.
        rule: What is compared with what, in a sentence or two.
        metrics: Names of the metrics, the one that ranks first.
        crop: Side of the seeded random crops; None for whole images.
        triplets: Whether only the middle frames of disjoint triplets count.
        every: Keeps one frame of so many in each video.
        extra: Metrics that are measured as well because somebody asked for them. They never rank.
    """

    name: str
    rule: str
    metrics: tuple[str, ...]
    crop: int | None = None
    triplets: bool = False
    every: int = 1
    extra: tuple[Metric, ...] = ()

    @property
    def cards(self) -> tuple[Metric, ...]:
        """All that is measured, in order: its own metrics, then the others."""
        return (*(METRICS[name] for name in self.metrics), *self.extra)

    @property
    def main(self) -> Metric:
        """The metric that ranks."""
        return METRICS[self.metrics[0]]

    @property
    def by_blur_step(self) -> bool:
        """Whether values are summed up by blur step as well."""
        return False

    def require(self) -> None:
        """Checks that what its metrics need is installed.

        Raises:
            MetricError: In one line, when something is missing.
        """
        for card in self.cards:
            if card.require is not None:
                card.require()

    def engine(self) -> dict[str, str]:
        """What outside of this package decides the values of its own metrics, by name with versions."""
        found: dict[str, str] = {}
        for name in self.metrics:
            engine = METRICS[name].engine
            found |= engine() if engine is not None else {}
        return found

    def sources(self) -> dict[str, str]:
        """What outside of this package decides the values of the extra metrics: their name -> it in words."""
        engines = {card.name: card.engine() for card in self.extra if card.engine is not None}
        return {name: ", ".join(f"{part} {value}" for part, value in found.items()) for name, found in engines.items()}

    def measuring(self, cards: Sequence[Metric]) -> Protocol:
        """The same protocol with further metrics; those that it has anyway are not measured twice.

        Raises:
            RunError: For a metric whose truth the protocol does not have.
        """
        extra = {card.name: card for card in cards if card.name not in self.metrics}
        for card in extra.values():
            if card.truth not in ("image", "none"):
                raise RunError(
                    f"{card.name} needs {card.truth} as truth, which protocol {self.name} has not; leave it out"
                )
        return replace(self, extra=tuple(extra.values()))

    def score(
        self, pair: Pair, restored: np.ndarray, target: np.ndarray, blurry: np.ndarray | None
    ) -> dict[str, float | None]:
        """The values of one restored image.

        Args:
            pair: What was restored.
            restored: Image (height, width, channels), uint8 or float32 in [0, 1].
            target: The sharp image of the same shape.
            blurry: What was restored, the middle frame where the model took several; None where that is not known, so
                that no image counts as unchanged.

        Returns:
            Metric's name -> value; None where the image has no such score.

        Raises:
            MetricError: When two images cannot be compared; see the metrics.
        """
        unchanged = (
            blurry is not None and any(card.only_changed for card in self.cards) and np.array_equal(blurry, target)
        )
        restored, target = self._compared(restored, target)
        shared = self._together(pair, restored)
        values: dict[str, float | None] = {}
        for card in self.cards:
            if card.only_changed and unchanged:
                values[card.name] = None
                continue
            found = shared.get(card.name)
            values[card.name] = card.recorded(
                card.function(restored, _truth(card, pair, target)) if found is None else found
            )
        return values

    def _compared(self, restored: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What is compared with what: the images as they are."""
        return restored, target

    def _together(self, pair: Pair, restored: np.ndarray) -> dict[str, float]:
        """Values of metrics that share what is slow; the others are computed one by one."""
        return {}

    def summarise(self, pairs: Pairs, values: Values) -> Scores:
        """The `scores` of a record: every image's values and their means with bootstrap 95 % intervals.

        Args:
            pairs: The images that were scored.
            values: Their values in the same order. A mean leaves images without a value out.

        Raises:
            MetricError: When no image has a value.
        """
        return summarise([pair.name for pair in pairs], values)


@dataclass(frozen=True)
class AlignedProtocol(Protocol):
    """Scores after the restored image was moved onto the sharp one by fractions of a pixel."""

    def _compared(self, restored: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The images without their border, the restored one moved."""
        return alignment.aligned(restored, target)


@dataclass(frozen=True)
class TrajectoryProtocol(Protocol):
    """Scores against every sharp frame of a camera's trajectory, of which the best counts."""

    def _together(self, pair: Pair, restored: np.ndarray) -> dict[str, float]:
        """Both metrics of one way along the frames, which are read one at a time."""
        best = kohler(restored, _frames(pair))
        return {"kohler_psnr": best.psnr, "kohler_mssim": best.mssim}


@dataclass(frozen=True)
class TextProtocol(Protocol):
    """Scores what is read of a photograph of text, by blur step too."""

    @property
    def by_blur_step(self) -> bool:
        """They are."""
        return True

    def _together(self, pair: Pair, restored: np.ndarray) -> dict[str, float]:
        """Both forms of the ratio, of one reading by Tesseract."""
        read, text = ocr.read_lines(restored), pair.metadata["text"]
        return {"ocr": ocr.compare(read, text, "difflib"), "ocr_indel": ocr.compare(read, text, "indel")}

    def summarise(self, pairs: Pairs, values: Values) -> Scores:
        """As every protocol, with the mean of each blur step and the last step that is passed."""
        scores = [score or 0.0 for score in values[self.metrics[0]]]
        standing = ocr.standing(scores, [pair.metadata["step"] for pair in pairs])
        return msgspec.structs.replace(
            super().summarise(pairs, values),
            steps={str(step): round(mean, 4) for step, mean in standing.means.items()},
            stop_step=standing.stop_step,
        )


def _truth(card: Metric, pair: Pair, target: np.ndarray) -> Any:
    """What a metric takes as truth of a pair."""
    if card.truth in ("image", "none"):
        return target if card.truth == "image" else None
    return _frames(pair) if card.truth == "frames" else pair.metadata["text"]


def _frames(pair: Pair) -> Iterator[np.ndarray]:
    """The sharp frames of a pair, read one at a time."""
    return (frame.read() for frame in pair.sharp)


_TABLE: dict[str, Protocol] = {}

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType(_TABLE)
"""The table of protocols by name."""


def register(protocol: Protocol) -> Protocol:
    """Adds a protocol to the table; a data set's entry names the protocols that it can be scored by.

    Raises:
        RunError: When the name is taken or it names a metric that there is not.

    >>> register(Protocol("centre", "The middle 512x512 pixels.", ("psnr",), crop=512)).main.title
    'PSNR'
    >>> unregister("centre")
    """
    if protocol.name in _TABLE:
        raise RunError(f"there is a protocol {protocol.name!r} already; choose another name")
    unknown = [name for name in protocol.metrics if name not in METRICS]
    if unknown or not protocol.metrics:
        wrong = f"metric {unknown[0]!r} is not known" if unknown else "it has no metric"
        raise RunError(f"protocol {protocol.name!r}: {wrong}; known are {', '.join(METRICS)}")
    _TABLE[protocol.name] = protocol
    return protocol


def unregister(name: str) -> None:
    """Takes a protocol out of the table.

    Raises:
        RunError: When there is none of this name.

    >>> _ = register(Protocol("centre", "The middle 512x512 pixels.", ("psnr",)))
    >>> unregister("centre")
    >>> "centre" in PROTOCOLS
    False
    """
    if name not in _TABLE:
        raise RunError(f"there is no protocol {name!r} to take out; known are {', '.join(_TABLE)}")
    del _TABLE[name]


_IMAGE_METRICS = ("psnr", "ssim", "ssim_matlab3d", "mse")

register(
    Protocol(
        "full",
        "Whole frames; output clipped to [0, 1] and rounded to 8 bit; both SSIM forms; mean over images. "
        "Images that the blur left unchanged have no PSNR.",
        _IMAGE_METRICS,
    )
)
register(
    Protocol(
        "val300",
        "As full, on every tenth frame of each video (00000009, 00000019, ...), the 300 of the NTIRE validation.",
        _IMAGE_METRICS,
        every=10,
    )
)
register(
    Protocol(
        "bologna",
        "One seeded random 256x256 crop of the middle frame of each disjoint triplet of a video; output clipped "
        "and rounded to 8 bit (the report left it unclipped; our choice, so that every protocol rounds alike).",
        _IMAGE_METRICS,
        crop=256,
        triplets=True,
    )
)
register(
    AlignedProtocol(
        "aligned",
        "As full, after the output, clipped and rounded to 8 bit, was moved onto the sharp image by the translation of "
        "greatest correlation (ECC on grey, to about 0.01 pixels, cubic spline) and "
        f"{alignment.BORDER} pixels were cut off every edge; for pairs whose sharp image is not exactly the middle of "
        "the exposure.",
        _IMAGE_METRICS,
    )
)
register(
    TrajectoryProtocol(
        "kohler",
        "Whole images; intensity scaled, registered by whole pixels, best of all ground-truth frames of the "
        "trajectory; luminance PSNR and five-scale SSIM; mean over images.",
        ("kohler_psnr", "kohler_mssim"),
    )
)
register(
    TextProtocol(
        "ocr",
        "Official score of the Helsinki challenge: what Tesseract reads of the middle line of three, whole "
        "images; mean over images, by blur step too; the stop step is the last one before a mean under 70.",
        ("ocr", "ocr_indel"),
    )
)


def protocol_for(dataset: str, name: str | None = None) -> Protocol:
    """A protocol of a data set, its usual one for None.

    Raises:
        RunError: When the data set is not scored that way, or at all.

    >>> protocol_for("reds").name, protocol_for("reds", "val300").every
    ('full', 10)
    """
    known = dataset_info(dataset).protocols
    if not known:
        raise RunError(f"{dataset} has no blurred images, so nothing can be scored on it; choose another data set")
    if name is not None and name not in known:
        raise RunError(f"{dataset} has no protocol {name!r}; choose one of {', '.join(known)}")
    wanted = name or known[0]
    if wanted not in PROTOCOLS:
        raise RunError(f"{dataset} is scored by {wanted!r}, which is not registered; known: {', '.join(PROTOCOLS)}")
    return PROTOCOLS[wanted]


def scored(pairs: Pairs, protocol: Protocol, limit: int | None = None) -> Pairs:
    """The pairs that count under a protocol.

    Args:
        pairs: All pairs of the evaluation split, scene by scene in frame order.
        protocol: How it is scored.
        limit: Keeps so many, evenly spread; None keeps all.

    Raises:
        RunError: When nothing is left or the limit is not positive.

    >>> from pathlib import Path
    >>> items = tuple(Pair("reds", "val", "000", f"{number:08d}", (), ()) for number in range(100))
    >>> pairs = Pairs("reds", "val", Path("."), items, "subset 100/3000", "0123456789abcdef")
    >>> len(scored(pairs, PROTOCOLS["val300"])), scored(pairs, PROTOCOLS["full"], limit=4)[1].name
    (10, '000/00000025')
    """
    if protocol.triplets or protocol.every > 1:
        step, first = (3, 1) if protocol.triplets else (protocol.every, protocol.every - 1)
        places: dict[str, int] = {}
        chosen = []
        for index, pair in enumerate(pairs):
            place = places.get(pair.scene, 0)
            places[pair.scene] = place + 1
            if place % step == first:
                chosen.append(index)
        pairs = _same_coverage(pairs, chosen)
    if limit is not None and limit < 1:
        raise RunError(f"--limit must be at least 1, not {limit}")
    if limit is not None and limit < len(pairs):
        pairs = pairs.select([index * len(pairs) // limit for index in range(limit)])
    if not pairs:
        raise RunError(f"{pairs.dataset}: no image is left under protocol {protocol.name}; the videos are too short")
    return pairs


def _same_coverage(pairs: Pairs, chosen: list[int]) -> Pairs:
    """Selects pairs by a protocol's rule, which does not make a full data set a subset."""
    return replace(pairs.select(chosen), coverage=pairs.coverage)
