"""Random crops and augmentations of training pairs, in NumPy and OpenCV on 8-bit pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from datasets.errors import DataError
from datasets.frame_store import to_uint8
from datasets.image import Frame, Window, check_window
from datasets.pairs import Pair


@dataclass(frozen=True)
class Augmentation:
    """What may be done to a training crop, alike for all its frames and the target; zero and False switch it off.

    Source of the defaults of `BOLOGNA`: Bologna report and code, REDS loader. The order is theirs: shift, rotation,
    flip; the brightness change is in the report only and its range is our choice.

    Attributes:
        shift_neighbours: Pixels by which the previous and the next frame move in opposite directions, left and
            right or up and down.
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
    """

    shift_neighbours: int = 0
    rotation: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    mirror: bool = False
    symmetries: bool = False
    saturation: float = 0.0
    grid: tuple[int, int] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Returns what is done as plain values; the last four only where they are used, as they came later."""
        values = asdict(self)
        return {name: value for name, value in values.items() if value or name not in _LATER}


# Left out of older recipes, whose records must be found again by the same values.
_LATER = ("mirror", "symmetries", "saturation", "grid")
NONE = Augmentation()
BOLOGNA = Augmentation(shift_neighbours=2, rotation=90.0, flip=True, brightness=0.2)


def random_window(frame: Frame, crop: int, rng: np.random.Generator) -> Window:
    """Returns a crop x crop window at a uniform position in a picture.

    Raises:
        DataError: When the picture is smaller than the crop.
    """
    shape = frame.shape
    if crop > min(shape[:2]):
        raise DataError(
            f"{frame.name}: crop {crop} is larger than the frame {shape[0]}x{shape[1]}; "
            f"use --crop {min(shape[:2])} or less"
        )
    return Window(int(rng.integers(0, shape[0] - crop + 1)), int(rng.integers(0, shape[1] - crop + 1)), crop, crop)


def training_crop(
    pair: Pair, crop: int, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draws one augmented crop of a pair.

    Args:
        pair: One blurry picture or three neighbours, and the sharp one.
        crop: Side of the crop in pixels.
        augmentation: What may be done to it.
        rng: The source of every random choice.

    Returns:
        Input (crop, crop, frames x 3) and target (crop, crop, 3), uint8. Grey pictures are repeated to 3 channels.

    Raises:
        DataError: When a picture cannot be read or is smaller than the crop.
    """
    window = random_window(pair.sharp[0], crop, rng)
    if augmentation.grid:
        window = _grid_window(pair.sharp[0].shape, crop, augmentation.grid, rng)
    shifts = _shifts(len(pair.blurry), augmentation, rng)
    pictures = [_read_shifted(frame, window, shift) for frame, shift in zip(pair.blurry, shifts, strict=True)]
    pictures.append(_as_colour(to_uint8(pair.sharp[0].read(window))))
    if augmentation.rotation:
        pictures = _rotate(pictures, rng.uniform(-augmentation.rotation, augmentation.rotation))
    if augmentation.flip:
        vertical, horizontal = (-1 if chosen else 1 for chosen in rng.integers(0, 2, 2))
        pictures = [picture[::vertical, ::horizontal] for picture in pictures]
    if augmentation.brightness:
        pictures = _brighten(pictures, 1 + rng.uniform(-augmentation.brightness, augmentation.brightness))
    if augmentation.mirror and rng.integers(0, 2):
        pictures = [picture[:, ::-1] for picture in pictures]
    if augmentation.symmetries:
        pictures = _reflect(pictures, int(rng.integers(0, 9)) % 8)
    if augmentation.saturation and rng.integers(0, 3) == 0:
        pictures = _saturate(pictures, 1 + rng.uniform(-augmentation.saturation, augmentation.saturation))
    return np.concatenate(pictures[:-1], axis=-1), pictures[-1]


def _grid_window(shape: tuple[int, int, int], crop: int, grid: tuple[int, int], rng: np.random.Generator) -> Window:
    """Returns one crop of a grid, moved at random by up to half the distance of two crops, inside the picture."""
    starts = []
    for side, count in zip(shape[:2], grid, strict=True):
        distance = (side - crop) / max(count - 1, 1)
        place = distance * (rng.integers(count) + rng.uniform(-0.5, 0.5))
        starts.append(int(np.clip(round(place), 0, side - crop)))
    return Window(starts[0], starts[1], crop, crop)


def _shifts(frames: int, augmentation: Augmentation, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Returns (down, right) in pixels for each frame; only the first and the last of several frames move."""
    shifts = [(0, 0)] * frames
    if frames > 1 and augmentation.shift_neighbours:
        step = augmentation.shift_neighbours
        down, right = (step, 0) if rng.integers(0, 2) else (0, step)
        shifts[0], shifts[-1] = (-down, -right), (down, right)
    return shifts


def _read_shifted(frame: Frame, window: Window, shift: tuple[int, int]) -> np.ndarray:
    """Reads a window moved by `shift`; what lies outside the picture repeats its edge."""
    if shift == (0, 0):
        return _as_colour(to_uint8(frame.read(window)))
    check_window(window, frame.shape, frame.name)
    height, width, _ = frame.shape
    rows = np.clip(np.arange(window.height) + window.top + shift[0], 0, height - 1)
    columns = np.clip(np.arange(window.width) + window.left + shift[1], 0, width - 1)
    top, left = int(rows[0]), int(columns[0])
    pixels = frame.read(Window(top, left, int(rows[-1]) - top + 1, int(columns[-1]) - left + 1))
    if pixels.shape[:2] != window[2:]:
        pixels = pixels[np.ix_(rows - top, columns - left)]
    return _as_colour(to_uint8(pixels))


def _rotate(pictures: list[np.ndarray], degrees: float) -> list[np.ndarray]:
    """Rotates all pictures about their centre by one angle."""
    import cv2

    height, width = pictures[0].shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    return [
        cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for picture in pictures
    ]


def _brighten(pictures: list[np.ndarray], factor: float) -> list[np.ndarray]:
    """Multiplies all pictures by one factor, clipped to 8 bit."""
    import cv2

    return [cv2.convertScaleAbs(picture, alpha=factor) for picture in pictures]


def _reflect(pictures: list[np.ndarray], symmetry: int) -> list[np.ndarray]:
    """Applies one of the eight symmetries of a square: quarter turns, mirrored or not."""
    turned = [np.rot90(picture, symmetry % 4) for picture in pictures]
    return [picture[:, ::-1] for picture in turned] if symmetry >= 4 else turned


def _saturate(pictures: list[np.ndarray], factor: float) -> list[np.ndarray]:
    """Moves all pictures away from, or towards, their grey versions by one factor, clipped to 8 bit."""
    import cv2

    results = []
    for picture in map(np.ascontiguousarray, pictures):
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        results.append(cv2.addWeighted(picture, factor, grey, 1 - factor, 0))
    return results


def _as_colour(pixels: np.ndarray) -> np.ndarray:
    """Repeats a grey picture to three channels."""
    return pixels if pixels.shape[-1] == 3 else np.repeat(pixels, 3, axis=-1)
