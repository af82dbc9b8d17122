"""How blurred a photograph of text is, guessed: the blur that explains it best from what a model makes of it.

A model that takes the blur step gives an answer for each. The right one, blurred again as that step blurs, is the
photograph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from zoo.inference.pixels import as_float
from zoo.inference.restore import restore

if TYPE_CHECKING:
    import keras

RADII = (3.1, 5.6, 13.0, 20.6, 29.6, 35.3, 44.3, 53.7, 68.1, 81.0)
"""Radius in pixels of the aperture of the Helsinki challenge's steps 0 to 9 in its photographs."""

SCALE = 7
"""How many times smaller the pages are that the refiner is trained on."""

# Side of the part that is looked at, in the middle of the image.
_SIDE = 384
_FINENESS = 8

Blur = Callable[[np.ndarray], np.ndarray]


def misfit(page: np.ndarray, restored: np.ndarray, blur: Blur) -> float:
    """How badly a restored page explains a blurred one.

    The restored page is made black and white, blurred, and fitted to the blurred page by a factor and an offset.

    Args:
        page: Blurred page, float array (height, width).
        restored: What a model made of it, same shape.
        blur: Blurs a page.

    Returns:
        Share of the page's variance that is left, 0 to 1.
    """
    threshold = (float(restored.min()) + float(np.quantile(restored, 0.9))) / 2
    blurred = blur((restored > threshold).astype(np.float32)).ravel()
    if blurred.std() < 1e-6 or page.std() < 1e-6:
        return 1.0
    return 1 - float(np.corrcoef(blurred, page.ravel())[0, 1]) ** 2


def best_answer(page: np.ndarray, answers: Iterable[np.ndarray], blurs: Sequence[Blur]) -> int:
    """The number of the answer that explains a page best, each with its own blur."""
    return int(np.argmin([misfit(page, answer, blur) for answer, blur in zip(answers, blurs, strict=True)]))


def guessed_step(model: keras.Model, pixels: np.ndarray) -> int:
    """The blur step of a photograph, guessed on its middle.

    Args:
        model: A model that takes blur steps, such as the refiner.
        pixels: The photograph as the model is given it (height, width, channels), uint8, uint16 or float.
    """
    height, width = pixels.shape[:2]
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    page = as_float(pixels[top : top + _SIDE, left : left + _SIDE]).mean(axis=-1, keepdims=True)
    answers = [restore(model, page, blur_step=step)[..., 0] for step in range(len(RADII))]
    blurs = [partial(_blurred, psf=disk(radius / SCALE)) for radius in RADII]
    return best_answer(page[..., 0], answers, blurs)


def disk(radius: float) -> np.ndarray:
    """The point spread function of a round aperture out of focus, with smooth edges and sum 1.

    >>> disk(0.4).tolist()
    [[1.0]]
    """
    reach = max(int(np.ceil(radius - 0.5)), 0)
    side = 2 * reach + 1
    fine = (np.arange(side * _FINENESS) + 0.5) / _FINENESS - side / 2
    inside = np.hypot(*np.meshgrid(fine, fine)) <= radius
    psf: np.ndarray = inside.reshape(side, _FINENESS, side, _FINENESS).mean(axis=(1, 3))
    return psf / psf.sum()


def _blurred(page: np.ndarray, psf: np.ndarray) -> np.ndarray:
    import cv2

    result: np.ndarray = cv2.filter2D(page, -1, psf.astype(np.float32), borderType=cv2.BORDER_REPLICATE)
    return result
