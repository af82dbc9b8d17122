"""Random crops and augmentations of training pairs, in NumPy and OpenCV on 8-bit pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from datasets.frame_store import to_uint8
from datasets.image import DrawnFrame, Frame, Window, as_colour, check_crop, cut
from datasets.pairs import Pair
from datasets.sizes import pair_size


@dataclass(frozen=True)
class Augmentation:
    """What may be done to a training crop, alike for all its frames and the target; zero and False switch it off.

    Source of the defaults of `BOLOGNA`: Bologna report and code, REDS loader. The order is that of the code: the frames
    are cropped first, so that what moves in from outside the crop repeats its edge; one transformation rotates them and
    then moves the neighbours along the axes of the rotated crop; flips come last. The brightness change is in the
    report only and its range is our choice.

    Attributes:
        shift_neighbours: Pixels by which the previous and the next frame move in opposite directions. Of the four such
            movements two are drawn, with equal chances, as in the code: previous down and next up, or previous right
            and next left (which two is our choice).
        rotation: Largest angle in degrees; the angle is uniform in +-rotation, borders repeat the edge.
        flip: Whether one of no, vertical, horizontal or both flips is applied.
        brightness: Largest relative change; the factor is uniform in 1 +- brightness.
        mirror: Whether half of the crops are mirrored left to right (DeblurGAN's code).
        symmetries: Whether one of the eight symmetries of a square is applied, the identity twice as often as the
            others (FCN's code, after MPRNet).
        saturation: Largest relative change of the saturation, made to a third of the crops; the factor is uniform in
            1 +- saturation (FCN's code, after MPRNet).
        grid: Rows and columns of an even grid of overlapping crops; each crop is one of them, moved at random by up to
            half of their distance (refiner's description). None draws crops anywhere.
        enlarge: Greatest factor by which a crop is enlarged; the factor is uniform in 1 to `enlarge`. What is blurred
            on the fly is enlarged before it is blurred. Reduced photographs are sharper from pixel to pixel than what
            cameras record; enlarged ones are as soft.
    """

    shift_neighbours: int = 0
    rotation: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    mirror: bool = False
    symmetries: bool = False
    saturation: float = 0.0
    grid: tuple[int, int] | None = None
    enlarge: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Gives what is done as plain values; the last five only where they are used, as they came later.

        Examples:
            >>> Augmentation(flip=True).as_dict()
            {'shift_neighbours': 0, 'rotation': 0.0, 'flip': True, 'brightness': 0.0}
        """
        values = asdict(self)
        return {name: value for name, value in values.items() if value or name not in _LATER}


# Left out of older recipes, whose records must be found again by the same values.
_LATER = ("mirror", "symmetries", "saturation", "grid", "enlarge")
NONE = Augmentation()
BOLOGNA = Augmentation(shift_neighbours=2, rotation=90.0, flip=True, brightness=0.2)

_AROUND = 40
"""Pixels that are enlarged on each side of a crop, for motion that brings them in."""


def random_window(frame: Frame, crop: int, rng: np.random.Generator) -> Window:
    """Draws a crop x crop window at a uniform position in an image.

    Raises:
        DataError: When the image is smaller than the crop.
    """
    shape = frame.shape
    check_crop(crop, shape, frame.name)
    return Window(int(rng.integers(0, shape[0] - crop + 1)), int(rng.integers(0, shape[1] - crop + 1)), crop, crop)


def training_crop(
    pair: Pair, crop: int, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draws one augmented crop of a pair.

    Args:
        pair: One blurry image or three neighbours, and the sharp one.
        crop: Side of the crop in pixels.
        augmentation: What may be done to it.
        rng: The source of every random choice.

    Returns:
        Input (crop, crop, frames x 3) and target (crop, crop, 3), uint8. Grey images are repeated to 3 channels.

    Raises:
        DataError: When an image cannot be read or is smaller than the crop.
    """
    pair_size(pair)
    window = random_window(pair.sharp[0], crop, rng)
    if augmentation.grid:
        window = _grid_window(pair.sharp[0].shape, crop, augmentation.grid, rng)
    if augmentation.enlarge:
        pair, window = _enlarged(pair, window, rng.uniform(1, augmentation.enlarge))
    images = [as_colour(to_uint8(pixels)) for pixels in (*_blurry(pair, window, rng), pair.sharp[0].read(window))]
    shifts = [*_shifts(len(pair.blurry), augmentation, rng), (0, 0)]
    degrees = rng.uniform(-augmentation.rotation, augmentation.rotation) if augmentation.rotation else 0.0
    images = [_move(image, degrees, shift) for image, shift in zip(images, shifts, strict=True)]
    if augmentation.flip:
        vertical, horizontal = (-1 if chosen else 1 for chosen in rng.integers(0, 2, 2))
        images = [image[::vertical, ::horizontal] for image in images]
    if augmentation.brightness:
        images = _brighten(images, 1 + rng.uniform(-augmentation.brightness, augmentation.brightness))
    if augmentation.mirror and rng.integers(0, 2):
        images = [image[:, ::-1] for image in images]
    if augmentation.symmetries:
        images = _reflect(images, int(rng.integers(0, 9)) % 8)
    if augmentation.saturation and rng.integers(0, 3) == 0:
        images = _saturate(images, 1 + rng.uniform(-augmentation.saturation, augmentation.saturation))
    return np.concatenate(images[:-1], axis=-1), images[-1]


@dataclass(frozen=True)
class _Enlarged:
    """A part of an image, enlarged.

    Attributes:
        source: The image.
        part: The part.
        shape: Height, width and channels after it was enlarged.
    """

    source: Frame
    part: Window
    shape: tuple[int, int, int]

    @property
    def name(self) -> str:
        """The image's name."""
        return self.source.name

    @cached_property
    def pixels(self) -> np.ndarray:
        """All of it."""
        import cv2

        height, width, _ = self.shape
        # Lanczos' kernel would ring, a linear one blur by itself.
        large = cv2.resize(self.source.read(self.part), (width, height), interpolation=cv2.INTER_CUBIC)
        return large.reshape(self.shape)

    def read(self, window: Window | None = None) -> np.ndarray:
        """Cuts a window out of it; see `Frame.read`."""
        return cut(self.pixels, window, self.name)


def _enlarged(pair: Pair, window: Window, factor: float) -> tuple[Pair, Window]:
    """Enlarges what is around a window of a pair by a factor of at least 1; the window keeps its size in pixels."""
    height, width, channels = pair.sharp[0].shape
    # What is blurred on the fly moves in from around the window.
    top, left = max(window.top - _AROUND, 0), max(window.left - _AROUND, 0)
    bottom, right = (
        min(start + side + _AROUND, whole)
        for start, side, whole in ((window.top, window.height, height), (window.left, window.width, width))
    )
    part = Window(top, left, bottom - top, right - left)
    shape = round(factor * part.height), round(factor * part.width), channels

    def large(frame: Frame) -> Frame:
        if isinstance(frame, DrawnFrame):
            return replace(frame, source=sharp)
        return _Enlarged(frame, part, (*shape[:2], frame.shape[2]))

    sharp = _Enlarged(pair.sharp[0], part, shape)
    frames = {id(frame): large(frame) for frame in pair.blurry}
    middle = [
        round(factor * (start + side / 2 - first) - side / 2)
        for start, side, first in ((window.top, window.height, top), (window.left, window.width, left))
    ]
    inside = Window(middle[0], middle[1], window.height, window.width)
    return replace(pair, blurry=tuple(frames[id(frame)] for frame in pair.blurry), sharp=(sharp,)), inside


def _blurry(pair: Pair, window: Window, rng: np.random.Generator) -> list[np.ndarray]:
    """Reads the blurry frames; one that is made when it is read is made anew, once where it stands for several."""
    made: dict[int, np.ndarray] = {}
    for frame in pair.blurry:
        if id(frame) not in made:
            made[id(frame)] = frame.draw(window, rng) if isinstance(frame, DrawnFrame) else frame.read(window)
    return [made[id(frame)] for frame in pair.blurry]


def _grid_window(shape: tuple[int, int, int], crop: int, grid: tuple[int, int], rng: np.random.Generator) -> Window:
    """Draws one crop of a grid, moved at random by up to half the distance of two crops, inside the image."""
    starts = []
    for side, count in zip(shape[:2], grid, strict=True):
        distance = (side - crop) / max(count - 1, 1)
        place = distance * (rng.integers(count) + rng.uniform(-0.5, 0.5))
        starts.append(int(np.clip(round(place), 0, side - crop)))
    return Window(starts[0], starts[1], crop, crop)


def _shifts(frames: int, augmentation: Augmentation, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Draws (down, right) in pixels for each frame; only the first and the last of several frames move."""
    shifts = [(0, 0)] * frames
    if frames > 1 and augmentation.shift_neighbours:
        step = augmentation.shift_neighbours
        down, right = (step, 0) if rng.integers(0, 2) else (0, step)
        shifts[0], shifts[-1] = (down, right), (-down, -right)
    return shifts


def _move(pixels: np.ndarray, degrees: float, shift: tuple[int, int]) -> np.ndarray:
    """Rotates a crop about its centre, then moves what is seen by (down, right), in one interpolation."""
    import cv2

    if not degrees and shift == (0, 0):
        return pixels
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    matrix[:, 2] += shift[::-1]
    return cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _brighten(images: list[np.ndarray], factor: float) -> list[np.ndarray]:
    """Multiplies all images by one factor, clipped to 8 bit."""
    import cv2

    return [cv2.convertScaleAbs(image, alpha=factor) for image in images]


def _reflect(images: list[np.ndarray], symmetry: int) -> list[np.ndarray]:
    """Applies one of the eight symmetries of a square: quarter turns, mirrored or not."""
    turned = [np.rot90(image, symmetry % 4) for image in images]
    return [image[:, ::-1] for image in turned] if symmetry >= 4 else turned


def _saturate(images: list[np.ndarray], factor: float) -> list[np.ndarray]:
    """Moves all images away from, or towards, their grey versions by one factor, clipped to 8 bit."""
    import cv2

    results = []
    for image in map(np.ascontiguousarray, images):
        grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        results.append(cv2.addWeighted(image, factor, grey, 1 - factor, 0))
    return results
