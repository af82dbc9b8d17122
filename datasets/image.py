"""Pictures that are read when asked for, whole or by crop, wherever their pixels lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from datasets.errors import DataError


class Window(NamedTuple):
    """A rectangle of a picture, in pixels from the top-left corner."""

    top: int
    left: int
    height: int
    width: int


@runtime_checkable
class Frame(Protocol):
    """One picture of a data set."""

    @property
    def name(self) -> str:
        """How messages and records call the picture, normally its path inside the data set."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels, known without decoding the pixels."""

    def read(self, window: Window | None = None) -> np.ndarray:
        """Returns the pixels (height, width, channels), RGB or grey, in the file's own integer type.

        Args:
            window: The part to return; the whole picture if None.

        Returns:
            A uint8 or uint16 array; it may be a read-only view.

        Raises:
            DataError: When the picture cannot be read, or the window is not inside it.
        """


def check_window(window: Window, shape: tuple[int, int, int], name: str) -> None:
    """Raises DataError when `window` is not wholly inside a picture of `shape`."""
    inside = (
        window.top >= 0
        and window.left >= 0
        and window.top + window.height <= shape[0]
        and window.left + window.width <= shape[1]
    )
    if not inside:
        raise DataError(
            f"{name}: crop {window.height}x{window.width} at ({window.top}, {window.left}) does not fit in "
            f"{shape[0]}x{shape[1]}; choose a smaller crop"
        )


def cut(pixels: np.ndarray, window: Window | None, name: str) -> np.ndarray:
    """Returns the part of `pixels` (height, width, channels) that `window` names, as a view."""
    if window is None:
        return pixels
    check_window(window, (pixels.shape[0], pixels.shape[1], pixels.shape[2]), name)
    return pixels[window.top : window.top + window.height, window.left : window.left + window.width]


def to_light(pixels: np.ndarray) -> np.ndarray:
    """Returns the mean of a picture's channels as float32 (height, width) in [0, 1].

    Args:
        pixels: Array (height, width, channels), uint8, uint16, or float in [0, 1].
    """
    white = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    return pixels.mean(axis=-1, dtype=np.float32) / np.float32(white)


@dataclass(frozen=True)
class ArrayFrame:
    """A picture that is already in memory (or memory-mapped).

    Attributes:
        name: How messages and records call it.
        pixels: Array (height, width, channels), uint8 or uint16.
    """

    name: str
    pixels: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        height, width, channels = self.pixels.shape
        return height, width, channels

    def read(self, window: Window | None = None) -> np.ndarray:
        """Returns a view of the pixels; see `Frame.read`."""
        return cut(self.pixels, window, self.name)


@dataclass(frozen=True)
class FileFrame:
    """A picture in a PNG, TIFF or JPEG file; every read decodes the whole file.

    Attributes:
        name: The path inside the data set, with forward slashes.
        path: The file.
    """

    name: str
    path: Path

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels, from the file's header."""
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(self.path) as picture:
                channels = 1 if picture.mode in ("L", "I", "I;16", "I;16B", "1", "F") else 3
                return picture.height, picture.width, channels
        except (OSError, UnidentifiedImageError, SyntaxError) as error:
            raise DataError(f"{self.path}: not a readable picture; fetch this file again") from error

    def read(self, window: Window | None = None) -> np.ndarray:
        """Decodes the file; see `Frame.read`."""
        return cut(read_picture(self.path), window, self.name)


def read_picture(path: Path) -> np.ndarray:
    """Decodes a picture file without losing bits.

    OpenCV decodes a truncated PNG to a partly grey picture without an error, so damage is looked for first.

    Args:
        path: PNG, TIFF, JPEG or WebP file.

    Returns:
        Array (height, width, 3) in RGB order or (height, width, 1), uint8 or uint16.

    Raises:
        DataError: When the file is missing, truncated or not a picture.
    """
    import cv2

    try:
        raw = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check the data root") from error
    if path.suffix.lower() == ".png" and raw[-12:].tobytes()[4:8] != b"IEND":
        raise DataError(f"{path}: truncated PNG; fetch this file again")
    pixels = cv2.imdecode(raw, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR) if raw.size else None
    if pixels is None:
        raise DataError(f"{path}: not a readable picture; fetch this file again")
    if pixels.ndim == 2:
        return pixels[..., np.newaxis]
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
