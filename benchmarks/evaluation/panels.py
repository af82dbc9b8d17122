"""Images from a run: blurred, restored, sharp and the error side by side, small enough to be kept with the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.evaluation.scoring import Scores, middle_frame
from benchmarks.protocols import Protocol
from benchmarks.records.layout import FOLDER
from common.files import atomic_open
from datasets import pipeline
from datasets.image import as_colour
from datasets.pairs import Pairs
from datasets.pipeline import as_float

if TYPE_CHECKING:
    from benchmarks.evaluation.predict import Restorer

LARGEST_FILE = 150_000
"""Bytes that no file exceeds, unless its lowest quality does."""

FULL_ERROR = 0.25
"""Mean absolute difference over the channels that is shown brightest."""

_WIDTH, _SMALLEST = 640, 128
_DETAIL = (240, 320)
_QUALITIES = range(90, 20, -10)


@dataclass(frozen=True)
class Chosen:
    """One image of a run that is shown.

    Attributes:
        index: Its place among the scored images.
        role: `best`, `median` or `worst`, or `pNN` for the image that is better than NN % of the others.
        score: Its score by the metric that ranks.
    """

    index: int
    role: str
    score: float


def choose(values: Sequence[float | None], count: int, higher_is_better: bool = True) -> list[Chosen]:
    """Which images are shown, evenly spread from the worst to the best.

    Args:
        values: One score for each image; images without one are never shown.
        count: How many; one is the median.
        higher_is_better: Whether a large score is a good one.

    >>> [(each.index, each.role) for each in choose([30.0, 20.0, None, 25.0], 2)]
    [(1, 'worst'), (0, 'best')]
    """
    scored = [(value, index) for index, value in enumerate(values) if value is not None]
    scored.sort(key=lambda each: (each[0] if higher_is_better else -each[0], each[1]))
    shares = [0.5] if count == 1 else [place / (count - 1) for place in range(count)]
    chosen: dict[int, Chosen] = {}
    for share in shares if scored else []:
        value, index = scored[round(share * (len(scored) - 1))]
        role = {0.0: "worst", 0.5: "median", 1.0: "best"}.get(share, f"p{round(100 * share):02d}")
        chosen.setdefault(index, Chosen(index, role, value))
    return list(chosen.values())


def save(
    folder: Path, stem: str, restore: Restorer, pairs: Pairs, protocol: Protocol, scores: Scores, count: int
) -> list[dict[str, Any]]:
    """Restores the chosen images and writes their panels.

    Whole images are shown whatever the protocol scores: `ROLE.webp` at 640 pixels for each panel, and
    `ROLE-detail.webp` with the place that the blur changed most, pixel by pixel. Of several sharp frames the middle one
    is shown. Where a pair has no blurry image, its panel is grey.

    Args:
        folder: The results folder.
        stem: Name of the record without suffix.
        restore: What restores, see `predict.restorer`.
        pairs: The pairs that were scored.
        protocol: How.
        scores: Their scores.
        count: How many images are shown.

    Returns:
        For each image `image`, `role`, `score` and `files`, relative to the results folder.

    Raises:
        DataError, FileError: When an image cannot be read or written.
    """
    main = protocol.main
    shown = []
    for each in choose(scores.values[main.name], count, main.higher_is_better):
        pair = pairs[each.index]
        sharp = _colours(as_float(pair.sharp[len(pair.sharp) // 2].read()))
        inputs = pipeline.whole_input(pair) if pair.blurry else np.full_like(sharp, 0.5)
        restored = _colours(restore(inputs[np.newaxis], [pair])[0])
        images = [_colours(middle_frame(inputs)), restored, sharp, _error(restored, sharp)]
        files = []
        changed = np.abs(images[0 if pair.blurry else 1] - sharp).mean(axis=-1)
        panels_of = {each.role: [_fitted(image) for image in images], f"{each.role}-detail": _detail(images, changed)}
        for name, panels in panels_of.items():
            if panels:
                path = Path(FOLDER) / stem / f"{name}.webp"
                _write(folder / path, np.concatenate(panels, axis=1))
                files.append(path.as_posix())
        shown.append({"image": scores.names[each.index], "role": each.role, "score": each.score, "files": files})
    return shown


def _colours(image: np.ndarray) -> np.ndarray:
    """An image (height, width, 3) in [0, 1] of one with one or three channels."""
    colours: np.ndarray = np.clip(as_colour(image), 0, 1)
    return colours


def _error(restored: np.ndarray, sharp: np.ndarray) -> np.ndarray:
    """A map of the mean absolute difference, dark for none."""
    import cv2

    share = np.abs(restored - sharp).mean(axis=-1) / FULL_ERROR
    colours: np.ndarray = cv2.applyColorMap(np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8), cv2.COLORMAP_INFERNO)
    as_floats: np.ndarray = colours[..., ::-1].astype(np.float32) / 255
    return as_floats


def _fitted(image: np.ndarray) -> np.ndarray:
    """An image at the size of a panel: large ones reduced, tiny ones enlarged by a whole factor."""
    import cv2

    height, width = image.shape[:2]
    if width > _WIDTH:
        return cv2.resize(image, (_WIDTH, max(1, round(height * _WIDTH / width))), interpolation=cv2.INTER_AREA)
    factor = -(-_SMALLEST // min(height, width))
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def _detail(images: Sequence[np.ndarray], changed: np.ndarray) -> list[np.ndarray]:
    """The part of every image where `changed` (height, width) is largest; nothing of images that are shown whole."""
    import cv2

    (height, width), (rows, columns) = images[0].shape[:2], _DETAIL
    if width <= _WIDTH or height <= rows:
        return []
    sums = cv2.boxFilter(changed, -1, (columns, rows), normalize=True, borderType=cv2.BORDER_CONSTANT)
    inside = sums[rows // 2 : height - rows // 2, columns // 2 : width - columns // 2]
    top, left = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return [image[top : top + rows, left : left + columns] for image in images]


def _write(path: Path, image: np.ndarray) -> None:
    """Writes an image as WebP, at the best quality that keeps the file small."""
    import cv2

    pixels = np.rint(image[..., ::-1] * 255).astype(np.uint8)
    for quality in _QUALITIES:
        _, encoded = cv2.imencode(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if encoded.size <= LARGEST_FILE:
            break
    with atomic_open(path) as stream:
        stream.write(encoded.tobytes())
