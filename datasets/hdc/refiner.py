"""The Helsinki challenge's photographs as the median-filter refiner sees them: small, on an even ground, with medians.

After Nyrhilae's description: photographs scaled down 1:7, the light of the empty page fitted on the border and taken
off, medians of widths 3, 5, 7 and 9 as further channels, targets whitened. What the description leaves open is marked
as our choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from common.cores import cores
from common.files import atomic_open, cache_folder
from datasets.blur.defocus import SMALLEST, aperture, defocus
from datasets.errors import DataError
from datasets.files import read_mapped
from datasets.hdc.simulation import BLADES, STEPS
from datasets.image import ArrayFrame, to_light
from datasets.pairs import Pair, Pairs

SCALE = 7
MEDIANS = (3, 5, 7, 9)
LAST_STEP = 9
"""The model was trained on steps up to this one."""

BORDER = 0.1225
"""Share of each side that is border; the rest of the page is 57 % (43 % are given, their shape is our choice)."""

SAMPLES = 425
"""Border pixels that the ground is fitted on (400 to 450 are given)."""

OUTLIERS = 0.1
PAPER = 0.9
"""Light of the empty page after the ground was taken off (our choice)."""

WHITE_SHARE = 0.75
INK, INK_REACH = 0.3, 5
"""What counts as almost black in a target, and how many pixels around it may stay grey (our choice)."""

# Frames of three channels: the page and two medians, two more medians and the blur step.
PACKED = 2
_VERSION = 2


def shrink(photograph: np.ndarray) -> np.ndarray:
    """Scales a photograph down by the mean over areas.

    Args:
        photograph: Array (height, width) or (height, width, 1), uint8, uint16, or float in [0, 1].

    Returns:
        float32 array (height // 7, width // 7) in [0, 1].
    """
    import cv2

    light = to_light(photograph if photograph.ndim == 3 else photograph[..., np.newaxis])
    height, width = (side // SCALE for side in light.shape)
    return cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA)


def enlarge(page: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A small page (height, width) at the size of the photographs, for character recognition."""
    import cv2

    return np.clip(cv2.resize(page, size[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)


def border(height: int, width: int) -> np.ndarray:
    """Which pixels of a small page are its border, bool (height, width)."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in (height, width)), indexing="ij")
    return np.maximum(np.abs(x), np.abs(y)) > 1 - 2 * BORDER


def ground(page: np.ndarray, seed: int = 0) -> np.ndarray:
    """Fits the light of the empty page on its border.

    A linear model of 1, x, x², y, y² and the distance from the centre; the tenth of the samples that fits worst is
    dropped and the model fitted again.

    Args:
        page: float array (height, width).
        seed: Seed of the samples.

    Returns:
        float32 array of the page's shape.
    """
    y, x = np.meshgrid(*(np.linspace(-1, 1, side) for side in page.shape), indexing="ij")
    terms = np.stack([np.ones_like(x), x, x**2, y, y**2, np.hypot(x, y)], axis=-1)
    places = np.flatnonzero(border(*page.shape))
    chosen = np.random.default_rng(seed).choice(places, min(SAMPLES, len(places)), replace=False)
    rows, values = terms.reshape(-1, terms.shape[-1])[chosen], page.ravel()[chosen].astype(np.float64)
    weights = np.linalg.lstsq(rows, values, rcond=None)[0]
    misfit = np.abs(rows @ weights - values)
    kept = misfit <= np.quantile(misfit, 1 - OUTLIERS)
    weights = np.linalg.lstsq(rows[kept], values[kept], rcond=None)[0]
    result: np.ndarray = (terms @ weights).astype(np.float32)
    return result


def even(page: np.ndarray) -> np.ndarray:
    """Takes the light of the empty page off and puts `PAPER` in its place, clipped to [0, 1]."""
    result: np.ndarray = np.clip(page - ground(page) + np.float32(PAPER), 0, 1)
    return result


def whiten(page: np.ndarray) -> np.ndarray:
    """Turns a sharp page into a target: three quarters fully white, and white whatever is not near ink.

    Args:
        page: float array (height, width) in [0, 1].

    Returns:
        float32 array of the same shape in [0, 1].
    """
    import cv2

    white = np.clip(page / max(float(np.quantile(page, 1 - WHITE_SHARE)), 1e-6), 0, 1).astype(np.float32)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * INK_REACH + 1, 2 * INK_REACH + 1))
    near = cv2.dilate((white < INK).astype(np.uint8), brush)
    return np.where(near > 0, white, np.float32(1))


def channels(page: np.ndarray) -> np.ndarray:
    """A background-corrected page and its medians, uint8 (height, width, 5)."""
    first = np.rint(page * 255).astype(np.uint8)
    return np.concatenate([first[..., np.newaxis], medians(first, MEDIANS)], axis=-1)


def medians(plane: np.ndarray, widths: Sequence[int]) -> np.ndarray:
    """The median-filtered versions of a grey image, borders reflected as `zoo.restore` does.

    OpenCV's filter of 8-bit images needs a fraction of the time of one for any number; a median is one of the values,
    so the results are the same.

    Args:
        plane: uint8 array (height, width).
        widths: Odd widths of the windows.

    Returns:
        uint8 array (height, width, widths).
    """
    import cv2

    margin = max(widths) // 2
    padded = cv2.copyMakeBorder(plane, margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    return np.stack([cv2.medianBlur(padded, width)[margin:-margin, margin:-margin] for width in widths], axis=-1)


def blurred_again(page: np.ndarray, step: int) -> np.ndarray:
    """A small sharp page (height, width), float, blurred by the aperture of a blur step."""
    return defocus(page, aperture(max(STEPS[step][0] / SCALE, SMALLEST), BLADES))


def prepare(pairs: Pairs, aligner: Callable[[Pairs], Callable[[Pair], np.ndarray]] | None = None) -> Pairs:
    """Prepares pairs for training, once: what was prepared before is taken from the cache.

    Args:
        pairs: Pairs of HDC; those of steps above `LAST_STEP` are left out.
        aligner: Makes, from the pairs that are prepared, what reads a pair's blurry light laid over the sharp one, see
            `single_step.aligner`; asked only where nothing was prepared before. None takes the photographs as they are.

    Returns:
        Pairs of memory-mapped uint8 images. The blurry side has two frames of three channels: page and medians of 3
        and 5; medians of 7 and 9 and the blur step. The sharp side is the whitened target.

    Raises:
        DataError: When there are no such pairs, or an image cannot be read.
        FileError: When the cache cannot be written.
    """
    kept = pairs.select([index for index, pair in enumerate(pairs) if pair.metadata["step"] <= LAST_STEP])
    if not kept:
        raise DataError(f"hdc: the refiner is trained on blur steps 0 to {LAST_STEP}; none of them is among the pairs")
    height, width = (side // SCALE for side in kept[0].sharp[0].shape[:2])
    kind = "aligned" if aligner else "plain"
    path = cache_folder() / "hdc" / f"small-{kind}-{kept.fingerprint}-{_VERSION}.npy"
    if not path.is_file():
        _write(path, kept, aligner(kept) if aligner else None, (len(kept), height, width, 7))
    packed = read_mapped(path)
    items = [_packed_pair(pair, planes) for pair, planes in zip(kept, packed, strict=True)]
    return replace(kept, items=tuple(items))


def _write(path: Path, pairs: Pairs, read: Callable[[Pair], np.ndarray] | None, shape: tuple[int, ...]) -> None:
    """Writes the page, its medians, the step and the target of every pair into one array."""

    def planes(pair: Pair) -> np.ndarray:
        blurry = shrink(pair.blurry[0].read() if read is None else read(pair))
        target = np.rint(whiten(even(shrink(pair.sharp[0].read()))) * 255).astype(np.uint8)
        step = np.full_like(target, pair.metadata["step"])
        return np.concatenate([channels(even(blurry)), np.stack([step, target], axis=-1)], axis=-1)

    with ThreadPoolExecutor(cores()) as pool, atomic_open(path) as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
        for found in pool.map(planes, pairs):
            stream.write(np.ascontiguousarray(found).data)


def _packed_pair(pair: Pair, planes: np.ndarray) -> Pair:
    """A pair whose images are the planes of the cache."""
    frames = [ArrayFrame(f"{pair.name} (small)", planes[..., part]) for part in (slice(0, 3), slice(3, 6), slice(6, 7))]
    return replace(pair, blurry=tuple(frames[:PACKED]), sharp=(frames[PACKED],))
