"""A watch over what a model answers: where it is no photograph any more, the blurred image stays.

Deblurring moves light by a few dozen pixels. Averaged over a block it changes neither brightness nor colour much, it
raises contrast by a bounded factor, and it seldom leaves [0, 1]. Weights that meet an unfamiliar image may answer with
coloured mosaics or with one colour instead, which differ in one of these at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from zoo.backend import keras
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference.modes import inference_mode
from zoo.registry import ModelInfo

_LOG = logging.getLogger(__name__)

BLOCK = 32
"""Side of the blocks that are looked at, in pixels."""

# The bounds, measured with sound weights on photographs, blurred and sharp: see `tests/zoo/inference/test_guard.py`.
SHIFT = 0.2
"""Greatest change of a block's mean of one colour; sound weights stay under half of it."""
BEYOND, OUTSIDE = 0.25, 0.1
"""So far beyond [0, 1] a value is outside, and so large a share of a block may be."""
SHARPER, NOISE = 4.0, 0.1
"""A block's standard deviation may grow by this factor, and by so much where there was none."""


@dataclass
class Guard:
    """Looks over the answers of one photograph, or of several, and counts what it put back.

    Attributes:
        seen: Pixels that it looked at.
        kept: Pixels of blocks where the blurred image stayed.
        calmed: Pixels of pieces that were restored by means over the whole piece instead of windows.
    """

    seen: int = 0
    kept: int = 0
    calmed: int = 0
    _calmer: dict[int, keras.Model | None] = field(default_factory=dict, repr=False)

    def calmer(self, model: keras.Model) -> keras.Model | None:
        """The model with means over the whole image where it takes them over windows; None for others."""
        # For as long as this guard lives: the two share their layers, and would keep each other alive.
        if id(model) not in self._calmer:
            try:
                other = inference_mode(model, "global")
            except ZooError:
                other = model
            self._calmer[id(model)] = None if other is model else other
        return self._calmer[id(model)]

    def __call__(
        self, blurred: np.ndarray, answer: np.ndarray, again: Callable[[], np.ndarray | None] | None = None
    ) -> np.ndarray:
        """The answer, with the blurred image in the place of blocks that are no photograph.

        Args:
            blurred: Images (batch, height, width, 3) in [0, 1].
            answer: What the model made of them, not clipped; it may hold NaN and infinity.
            again: Restores them in another, calmer way; gives None where there is none.
        """
        self.seen += blurred[..., 0].size
        bad = _bad_blocks(blurred, answer)
        other = again() if bad.any() and again is not None else None
        if other is not None:
            still = _bad_blocks(blurred, other)
            if still.sum() < bad.sum():
                self.calmed += blurred[..., 0].size
                answer, bad = other, still
        if not bad.any():
            return answer
        self.kept += round(bad.mean() * blurred[..., 0].size)
        weight = _feathered(bad, blurred.shape[1:3])
        # What is put back does not count, and NaN times zero would.
        known = np.where(np.isfinite(answer), answer, blurred)
        return weight * blurred + (1 - weight) * known

    @property
    def words(self) -> str:
        """What it did, in words that go on after the photograph's name; empty where it did nothing."""
        if self.kept:
            share = 100 * self.kept / self.seen
            return f"{share:.1f} % stays as it was: the model's answer there was no photograph (--no-guard shows it)"
        return "restored by means over whole tiles: by windows it was no photograph" if self.calmed else ""


def guards(info: ModelInfo) -> bool:
    """Whether a model's answers are looked over: those of photographs, of a blur that nobody knows.

    Pages of text become black and white, and deconvolution rings, as they should.
    """
    return info.colour and not info.takes_psf and not info.takes_blur_step


def say(model: keras.Model, guard: Guard) -> None:
    """Says in one line what a guard did to the photographs of a model."""
    if guard.words:
        info, variant = identify(model)
        _LOG.warning("%s/%s: %s", info.name, variant, guard.words.replace("--no-guard", "guard=False"))


def _bad_blocks(blurred: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """Which blocks of an answer are no photograph: (batch, rows, columns)."""
    before, after = _blocks(blurred), _blocks(answer)
    with np.errstate(invalid="ignore", over="ignore"):
        shift = np.abs(after.mean(axis=-2) - before.mean(axis=-2)).max(axis=-1)
        contrast, new_contrast = (each.std(axis=-2).mean(axis=-1) for each in (before, after))
        outside = ((after < -BEYOND) | (after > 1 + BEYOND)).mean(axis=(-2, -1))
        # Comparisons with NaN are false, so that what is no number is no photograph either.
        sound = (shift <= SHIFT) & (new_contrast <= SHARPER * contrast + NOISE) & (outside <= OUTSIDE)
    return ~sound


def _blocks(images: np.ndarray) -> np.ndarray:
    """Images (batch, height, width, channels) as blocks: (batch, rows, columns, pixels, channels).

    What is left over at the bottom and at the right is filled up with the border.
    """
    batch, height, width, channels = images.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    margins = ((0, 0), (0, rows * BLOCK - height), (0, columns * BLOCK - width), (0, 0))
    whole = np.pad(images, margins, mode="edge") if any(end for _, end in margins) else images
    blocks = whole.reshape(batch, rows, BLOCK, columns, BLOCK, channels).swapaxes(2, 3)
    return blocks.reshape(batch, rows, columns, BLOCK * BLOCK, channels)


def _feathered(bad: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How much of the blurred image stays at each pixel: 1 in bad blocks, fading over a block around them.

    Args:
        bad: (batch, rows, columns) of blocks.
        size: Height and width in pixels.

    Returns:
        float32 (batch, height, width, 1) in [0, 1].
    """
    import cv2

    weights = []
    for each in bad:
        wide = np.kron(each, np.ones((BLOCK, BLOCK), bool))[: size[0], : size[1]].astype(np.uint8)
        distance = cv2.distanceTransform(1 - wide, cv2.DIST_L2, 3) if wide.any() else np.full(size, BLOCK, np.float32)
        weights.append(np.clip(1 - distance / BLOCK, 0, 1))
    return np.stack(weights)[..., np.newaxis].astype(np.float32)
