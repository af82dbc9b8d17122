"""How the pictures of a data set go through a network: at once, in tiles, or small and on an even ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np

import zoo
from benchmarks.evaluation.psf import BlurOf, together
from datasets.hdc import refiner
from datasets.pairs import Pair
from zoo.inference.tiling import Tiles

Restorer = Callable[[np.ndarray, Sequence[Pair]], np.ndarray]


def restorer(
    model: keras.Model,
    dataset: str,
    tiles: Tiles | None = None,
    guess_steps: bool = False,
    blur_of: BlurOf | None = None,
) -> Restorer:
    """Returns what restores a batch of a data set's pictures.

    Args:
        model: A network of the zoo.
        dataset: Name of the data set. The photographs of `hdc` are grey; a network that takes medians sees them as
            `datasets.hdc.refiner` prepares them, and its answer is enlarged again.
        tiles: How large pictures are cut; None restores them at once.
        guess_steps: Whether small pages are restored for every blur step, and the answer that explains the page best is
            taken (`hdc_small.guessed_step`), as if their step was not known.
        blur_of: Gives the blur of a pair, for a network that needs its point spread function.

    Returns:
        A function of pictures (batch, height, width, channels), float32 in [0, 1], and their pairs, that returns the
        restored pictures.
    """
    info, _ = zoo.identify(model)

    def restore(inputs: np.ndarray, pairs: Sequence[Pair]) -> np.ndarray:
        if dataset == "hdc" and not info.colour:
            inputs = inputs[..., :1]
        if dataset == "hdc" and info.medians:
            return np.concatenate(
                [
                    _restored_small(model, info, picture, None if guess_steps else pair)
                    for picture, pair in zip(inputs, pairs, strict=True)
                ]
            )
        functions = None
        if info.takes_psf and blur_of is not None:
            functions, offsets = together([blur_of(pair) for pair in pairs])
            inputs = inputs - offsets
        return zoo.restore_batch(model, inputs, info, _blur_steps(pairs, info), tiles, functions)

    return restore


def _restored_small(model: keras.Model, info: zoo.ModelInfo, picture: np.ndarray, pair: Pair | None) -> np.ndarray:
    """Returns a photograph (1, height, width, 1), restored small and enlarged; without a pair, for a guessed step."""
    page = refiner.even(refiner.shrink(picture))
    pages = page[np.newaxis, ..., np.newaxis]
    if pair is None:
        steps = range(refiner.LAST_STEP + 1)
        answers = zoo.restore_batch(model, np.repeat(pages, len(steps), axis=0), info, list(steps))[..., 0]
        answer = answers[refiner.guessed_step(page, answers)]
    else:
        answer = zoo.restore_batch(model, pages, info, _blur_steps([pair], info))[0, ..., 0]
    height, width = picture.shape[:2]
    return refiner.enlarge(answer, (height, width))[np.newaxis, ..., np.newaxis]


def _blur_steps(pairs: Sequence[Pair], info: zoo.ModelInfo) -> list[float] | None:
    """Returns the blur step of each picture for a network that takes it, 0 where a data set has none."""
    if not info.takes_blur_step:
        return None
    return [float(pair.metadata.get("step", 0)) for pair in pairs]
