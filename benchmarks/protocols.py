"""The named ways to score a network on a data set; rows of different protocols are never ranked together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.errors import RunError
from benchmarks.metrics import METRICS, Metric
from datasets.pairs import Pairs
from datasets.registry import info as dataset_info
from zoo.inference.tiling import Tiles

# Tiles of Germer et al. for photographs of 1460 x 2360.
HDC_TILES = Tiles(640, 160)


@dataclass(frozen=True)
class Protocol:
    """One way to score.

    Attributes:
        name: Name in records and on the command line.
        rule: What is compared with what, in a sentence or two.
        metrics: Names of the metrics, the one that ranks first.
        crop: Side of the seeded random crops; None for whole pictures.
        triplets: Whether only the middle frames of disjoint triplets count.
        every: Keeps one frame of so many in each video.
    """

    name: str
    rule: str
    metrics: tuple[str, ...]
    crop: int | None = None
    triplets: bool = False
    every: int = 1

    @property
    def main(self) -> Metric:
        """The metric that ranks."""
        return METRICS[self.metrics[0]]


_PICTURE_METRICS = ("psnr", "ssim", "ssim_matlab3d", "mse")

PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "full",
            "Whole frames; output clipped to [0, 1] and rounded to 8 bit; both SSIM forms; mean over images. "
            "Pictures that the blur left unchanged have no PSNR.",
            _PICTURE_METRICS,
        ),
        Protocol(
            "val300",
            "As full, on every tenth frame of each video (00000009, 00000019, ...), the 300 of the NTIRE validation.",
            _PICTURE_METRICS,
            every=10,
        ),
        Protocol(
            "bologna",
            "One seeded random 256x256 crop of the middle frame of each disjoint triplet of a video; output clipped "
            "and rounded to 8 bit (the report left it unclipped; our choice, so that every protocol rounds alike).",
            _PICTURE_METRICS,
            crop=256,
            triplets=True,
        ),
        Protocol(
            "kohler",
            "Whole pictures; intensity scaled, registered by whole pixels, best of all ground-truth frames of the "
            "trajectory; luminance PSNR and five-scale SSIM; mean over images.",
            ("kohler_psnr", "kohler_mssim"),
        ),
        Protocol(
            "ocr",
            "Official score of the Helsinki challenge: what Tesseract reads of the middle line of three, whole "
            "pictures; mean over images, by blur step too; the stop step is the last one before a mean under 70.",
            ("ocr", "ocr_indel"),
        ),
    )
}


def protocol_for(dataset: str, name: str | None = None) -> Protocol:
    """Returns a protocol of a data set, its usual one for None.

    Raises:
        RunError: When the data set is not scored that way, or at all.
    """
    known = dataset_info(dataset).protocols
    if not known:
        raise RunError(f"{dataset} has no blurred pictures, so nothing can be scored on it; choose another data set")
    if name is not None and name not in known:
        raise RunError(f"{dataset} has no protocol {name!r}; choose one of {', '.join(known)}")
    return PROTOCOLS[name or known[0]]


def scored(pairs: Pairs, protocol: Protocol, limit: int | None = None) -> Pairs:
    """Returns the pairs that count under a protocol.

    Args:
        pairs: All pairs of the evaluation split, scene by scene in frame order.
        protocol: How it is scored.
        limit: Keeps so many, evenly spread; None keeps all.

    Raises:
        RunError: When nothing is left or the limit is not positive.
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
        raise RunError(f"{pairs.dataset}: no picture is left under protocol {protocol.name}; the videos are too short")
    return pairs


def _same_coverage(pairs: Pairs, chosen: list[int]) -> Pairs:
    """Selects pairs by a protocol's rule, which does not make a full data set a subset."""
    return replace(pairs.select(chosen), coverage=pairs.coverage)
