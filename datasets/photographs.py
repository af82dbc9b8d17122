"""Photographs as pairs: the sharp image is the photograph, the blurry one is made of it whenever it is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from datasets.blur.on_the_fly import DEFAULT, DISTRIBUTIONS, Distribution, blurred_crop
from datasets.errors import DataError
from datasets.frame_store import to_uint8
from datasets.image import DrawnFrame, FileFrame, Frame, Window, check_window, cut, read_image
from datasets.pairs import Pairs

LONGEST_SIDE = 1600
"""Larger photographs are scaled down to so many pixels: what a camera blurs over 30 pixels is less of an image then."""


@dataclass(frozen=True)
class Photograph(FileFrame):
    """A photograph in a file: 8 bit, and scaled down where it is larger than `LONGEST_SIDE`."""

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels, from the file's header."""
        height, width, channels = self.header.shape
        scale = min(1.0, LONGEST_SIDE / max(height, width))
        return max(1, round(height * scale)), max(1, round(width * scale)), channels

    def read(self, window: Window | None = None) -> np.ndarray:
        """Decodes and scales the file; see `Frame.read`."""
        import cv2

        pixels = to_uint8(read_image(self.path))
        height, width, _ = self.shape
        if pixels.shape != self.shape:
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).reshape(self.shape)
        return cut(pixels, window, self.name)


@dataclass(frozen=True)
class BlurredFrame(DrawnFrame):
    """The blurry image of a photograph of 8 bit, see `datasets.blur.on_the_fly`.

    Attributes:
        distribution: How blur is drawn.
    """

    distribution: Distribution = DEFAULT

    def draw(self, window: Window, rng: np.random.Generator) -> np.ndarray:
        """Blurs a window of the photograph anew; what is around it moves in. See `DrawnFrame.draw`."""
        check_window(window, self.shape, self.name)
        return blurred_crop(self.source.read(), window, rng, self.distribution)


def blurred_by(pairs: Pairs, name: str) -> Pairs:
    """Pairs whose blur is drawn from another distribution.

    Args:
        pairs: Photographs that are blurred on the fly.
        name: One of `datasets.blur.on_the_fly.DISTRIBUTIONS`.

    Raises:
        DataError: For an unknown name, and for pairs whose blurry images are files.
    """
    if name not in DISTRIBUTIONS:
        raise DataError(f"there is no blur {name!r}; choose from {', '.join(DISTRIBUTIONS)}")

    def drawn(frame: Frame) -> Frame:
        if not isinstance(frame, BlurredFrame):
            raise DataError(f"{pairs.dataset}: {frame.name} is blurry as it is; --blur is for --train-on synthetic")
        return replace(frame, distribution=DISTRIBUTIONS[name])

    items = tuple(replace(pair, blurry=tuple(map(drawn, pair.blurry))) for pair in pairs)
    return replace(pairs, items=items)
