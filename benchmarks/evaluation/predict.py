"""How the images of a data set go through a model: at once, in tiles, or small and background-corrected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import keras
import numpy as np

import zoo
from benchmarks.evaluation.psf import BlurOf, together
from datasets.hdc import refiner
from datasets.pairs import Pair
from datasets.registry import info as dataset_info
from zoo.inference.blind import best_answer
from zoo.inference.tiling import Tiles

Restorer = Callable[[np.ndarray, Sequence[Pair]], np.ndarray]
"""Restores images (batch, height, width, channels), float32 in [0, 1], of the pairs given beside them."""

KEPT_BYTES = 2**28
"""Memory for restored images that may be asked for again."""


def restorer(
    model: keras.Model,
    dataset: str,
    tiles: Tiles | None = None,
    blind: bool = False,
    blur_of: BlurOf | None = None,
) -> Restorer:
    """What restores a batch of a data set's images.

    Args:
        model: A model of the zoo.
        dataset: Name of the data set. A model for grey images sees grey ones once. A model that takes medians sees
            photographs in steps of blur as `datasets.hdc.refiner` prepares them, and its answer is enlarged again.
        tiles: How large images are cut; None restores them at once.
        blind: Whether small pages are restored for every blur step, and the answer that explains the page best is
            taken (`zoo.inference.blind`), as if their step was not known.
        blur_of: Gives the blur of a pair, for a model that needs its point spread function.

    Returns:
        A function of images (batch, height, width, channels), float32 in [0, 1], and their pairs, that returns the
        restored images.

    Raises:
        DataError: When there is no such data set.
    """
    (info, _), entry = zoo.identify(model), dataset_info(dataset)
    grey = entry.channels == 1 and not info.colour
    small = entry.blur_steps and bool(info.medians)

    def restore(inputs: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        if grey:
            inputs = inputs[..., :1]
        if small:
            return np.concatenate(
                [
                    _restored_small(model, info, image, None if blind else pair)
                    for image, pair in zip(inputs, pairs, strict=True)
                ]
            )
        functions = None
        if info.takes_psf and blur_of is not None:
            functions, offsets = together([blur_of(pair) for pair in pairs])
            inputs = inputs - offsets
        return zoo.restore_batch(model, inputs, info, _blur_steps(pairs, info), tiles, functions)

    return restore


def remembering(restore: Restorer, limit: int = KEPT_BYTES) -> Restorer:
    """A restorer that gives what it gave before, as far as that was kept.

    A run restores every image for its scores and some once more to show them, whole. Of a few images with a slow model
    that would be much of the work; of a thousand it is little, and they would not fit in memory.

    Args:
        restore: What restores.
        limit: Bytes of restored images that are kept; the first ones are.
    """
    kept: dict[str, np.ndarray] = {}
    room = limit

    def restored(inputs: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        nonlocal room
        known = [kept.get(pair.name) for pair in pairs]
        found = [each for each in known if each is not None and each.shape[:2] == inputs.shape[1:3]]
        if len(found) == len(pairs):
            return np.stack(found)
        images = restore(inputs, pairs)
        for pair, image in zip(pairs, images, strict=True):
            if image.nbytes <= room:
                room -= image.nbytes
                kept[pair.name] = image
        return images

    return restored


def _restored_small(model: keras.Model, info: zoo.ModelInfo, image: np.ndarray, pair: Pair | None) -> np.ndarray:
    """A photograph (1, height, width, 1), restored small and enlarged; without a pair, for a guessed step."""
    page = refiner.even(refiner.shrink(image))
    pages = page[np.newaxis, ..., np.newaxis]
    if pair is None:
        steps = range(refiner.LAST_STEP + 1)
        answers = zoo.restore_batch(model, np.repeat(pages, len(steps), axis=0), info, list(steps))[..., 0]
        blurs = [partial(refiner.blurred_again, step=step) for step in steps]
        answer = answers[best_answer(page, answers, blurs)]
    else:
        answer = zoo.restore_batch(model, pages, info, _blur_steps([pair], info))[0, ..., 0]
    height, width = image.shape[:2]
    return refiner.enlarge(answer, (height, width))[np.newaxis, ..., np.newaxis]


def _blur_steps(pairs: Sequence[Pair], info: zoo.ModelInfo) -> list[float] | None:
    """The blur step of each image for a model that takes it, 0 where a data set has none."""
    if not info.takes_blur_step:
        return None
    return [float(pair.metadata.get("step", 0)) for pair in pairs]
