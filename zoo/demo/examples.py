"""Photographs to try: those that scikit-image ships, blurred as cameras blur.

The same photographs and the same blur every time. One of them, a clock, was blurred by a real camera and is left as it
is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zoo.errors import ZooError
from zoo.inference.blind import disk
from zoo.inference.image_files import Photograph, read_image
from zoo.inference.image_output import write_photograph

_SHAKE_REACH = 5
_FINENESS = 8
_DEFOCUS_RADIUS = 3.0
# Standard deviation of the noise of a sensor, in grey levels of 255.
_NOISE = 1.0
# Cameras add up light, of which a file holds a root.
_GAMMA = 2.2


def shake(reach: int = _SHAKE_REACH, seed: int = 0) -> np.ndarray:
    """The point spread function of a hand that trembles: a smooth path, walked at an uneven pace.

    Args:
        reach: How far the path goes from the middle, in pixels.
        seed: Which path.

    Returns:
        Weights (2 reach + 1, 2 reach + 1) of sum 1.

    >>> shake(4).shape, round(float(shake(4).sum()), 6)
    ((9, 9), 1.0)
    """
    generator = np.random.default_rng(seed)
    time = np.linspace(0, 1, 4000)
    path = np.zeros((len(time), 2))
    for frequency in (0.5, 1.0, 1.5):
        turn = generator.uniform(0, 2 * math.pi, 2)
        path += generator.normal(0, 1 / frequency, 2) * np.sin(2 * math.pi * frequency * time[:, np.newaxis] + turn)
    path -= (path.min(axis=0) + path.max(axis=0)) / 2
    path *= (reach - 0.5) / np.abs(path).max()
    side = 2 * reach + 1
    edges = np.linspace(-side / 2, side / 2, side * _FINENESS + 1)
    fine, _, _ = np.histogram2d(path[:, 0], path[:, 1], bins=[edges, edges])
    psf: np.ndarray = fine.reshape(side, _FINENESS, side, _FINENESS).sum(axis=(1, 3))
    return psf / psf.sum()


def blurred(pixels: np.ndarray, psf: np.ndarray, seed: int = 0) -> np.ndarray:
    """A photograph as a camera would have taken it: light is added up along the blur, then noise.

    Args:
        pixels: The sharp photograph, uint8 (height, width, channels).
        psf: Weights of sum 1, odd sides.
        seed: Seed of the noise.
    """
    import cv2

    light = (pixels.astype(np.float32) / 255) ** _GAMMA
    added = cv2.filter2D(light, -1, psf.astype(np.float32), borderType=cv2.BORDER_REFLECT_101).reshape(pixels.shape)
    levels = 255 * np.clip(added, 0, 1) ** (1 / _GAMMA)
    noise = np.random.default_rng(seed).normal(0, _NOISE, pixels.shape)
    return np.clip(np.rint(levels + noise), 0, 255).astype(np.uint8)


def _shaken(pixels: np.ndarray) -> np.ndarray:
    return blurred(pixels, shake())


def _shaken_more(pixels: np.ndarray) -> np.ndarray:
    return blurred(pixels, shake(8, seed=3))


def _out_of_focus(pixels: np.ndarray) -> np.ndarray:
    return blurred(pixels, disk(_DEFOCUS_RADIUS))


def _as_it_is(pixels: np.ndarray) -> np.ndarray:
    return pixels


EXAMPLES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "astronaut": ("astronaut.png", _shaken),
    "cat": ("chelsea.png", _shaken_more),
    "coffee": ("coffee.png", _out_of_focus),
    "clock": ("clock_motion.png", _as_it_is),
}
"""Name of an example, the file that scikit-image ships, and what is done to it."""


def write_examples(folder: Path) -> list[Path]:
    """Writes the examples as PNG files.

    Args:
        folder: Where; made if it is missing.

    Returns:
        The files, in their order.

    Raises:
        ZooError: When the installed scikit-image ships another selection.
    """
    import skimage.data

    written = []
    for name, (file, blur) in EXAMPLES.items():
        source = Path(skimage.data.__file__).parent / file
        if not source.is_file():
            raise ZooError(f"{source}: this release of scikit-image ships no {file}; install the locked version")
        target = folder / f"{name}.png"
        write_photograph(target, Photograph(blur(read_image(source))))
        written.append(target)
    return written
