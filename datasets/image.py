"""Images that are read when asked for, whole or by crop, wherever their pixels lie."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from datasets.errors import DataError
from datasets.headers import Header, check_complete, read_header


class Window(NamedTuple):
    """A rectangle of an image, in pixels from the top-left corner."""

    top: int
    left: int
    height: int
    width: int


@runtime_checkable
class Frame(Protocol):
    """One image of a data set."""

    @property
    def name(self) -> str:
        """How messages and records call the image, normally its path inside the data set."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels, known without decoding the pixels."""

    def read(self, window: Window | None = None) -> np.ndarray:
        """Reads the pixels (height, width, channels), RGB or grey, in the file's own integer type.

        Args:
            window: The part to return; the whole image if None.

        Returns:
            A uint8 or uint16 array; it may be a read-only view.

        Raises:
            DataError: When the image cannot be read, or the window is not inside it.
        """


def check_window(window: Window, shape: tuple[int, int, int], name: str) -> None:
    """Raises DataError when `window` is not wholly inside an image of `shape`."""
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
    """Cuts the part of `pixels` (height, width, channels) that `window` names, as a view."""
    if window is None:
        return pixels
    check_window(window, (pixels.shape[0], pixels.shape[1], pixels.shape[2]), name)
    return pixels[window.top : window.top + window.height, window.left : window.left + window.width]


def as_colour(pixels: np.ndarray) -> np.ndarray:
    """An image (height, width, 3) of one with one or three channels: grey is repeated.

    >>> as_colour(np.array([[[7]]])).tolist()
    [[[7, 7, 7]]]
    """
    return pixels if pixels.shape[-1] == 3 else np.repeat(pixels, 3, axis=-1)


def to_light(pixels: np.ndarray) -> np.ndarray:
    """Averages an image's channels to float32 (height, width) in [0, 1].

    Args:
        pixels: Array (height, width, channels), uint8, uint16, or float in [0, 1].

    Examples:
        >>> to_light(np.array([[[255, 255, 0]]], np.uint8)).round(3).tolist()
        [[0.6669999957084656]]
    """
    white = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    light: np.ndarray = pixels.mean(axis=-1, dtype=np.float32) / np.float32(white)
    return light


def check_crop(crop: int, shape: tuple[int, ...], name: str, what: str = "") -> None:
    """Refuses a square crop that is not positive or larger than an image: the one check of its kind.

    Args:
        crop: Side in pixels.
        shape: The image's height and width, and whatever follows.
        name: How the message calls the image.
        what: How it calls the crop where that is not `--crop`.

    Raises:
        DataError: When the crop cannot be.

    Examples:
        >>> check_crop(64, (48, 80, 3), "reds 000/00000000")
        Traceback (most recent call last):
        datasets.errors.DataError: reds 000/00000000: crop 64 is larger than the frame 48x80; use --crop 48 or less
    """
    if crop < 1:
        raise DataError(f"{what or 'crop'} must be at least 1 pixel, not {crop}")
    height, width = shape[:2]
    if crop > min(height, width):
        remedy = "take" if what else "use --crop"
        raise DataError(
            f"{name}: {what or 'crop'} {crop} is larger than the frame {height}x{width}; "
            f"{remedy} {min(height, width)} or less"
        )


@dataclass(frozen=True)
class ArrayFrame:
    """An image that is already in memory (or memory-mapped).

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
        """Gives a view of the pixels; see `Frame.read`."""
        return cut(self.pixels, window, self.name)


@dataclass(frozen=True)
class DrawnFrame(ABC):
    """An image that is made of another one whenever it is read: anew at every visit of a training, else always alike.

    Attributes:
        source: What it is made of; both are equally large.
    """

    source: Frame

    @property
    def name(self) -> str:
        """The source's name, and that it is not the source."""
        return f"{self.source.name} blurred"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self.source.shape

    def read(self, window: Window | None = None) -> np.ndarray:
        """Makes the pixels of a window; the same name and window always give the same. See `Frame.read`."""
        height, width, _ = self.shape
        window = window or Window(0, 0, height, width)
        key = zlib.crc32(self.name.encode(errors="surrogateescape"))
        return self.draw(window, np.random.default_rng([key, *window]))

    @abstractmethod
    def draw(self, window: Window, rng: np.random.Generator) -> np.ndarray:
        """Makes the pixels of a window anew.

        Args:
            window: The part to return.
            rng: The source of everything random.

        Returns:
            uint8 array (window.height, window.width, channels).

        Raises:
            DataError: As `Frame.read`.
        """


@dataclass(frozen=True)
class FileFrame:
    """An image in a PNG, TIFF or JPEG file; every read decodes the whole file.

    The header and the pixels follow one convention, see `read_image`.

    Attributes:
        name: The path inside the data set, with forward slashes.
        path: The file.
    """

    name: str
    path: Path

    @cached_property
    def header(self) -> Header:
        """What the file says about itself before its pixels."""
        try:
            with self.path.open("rb") as stream:
                return read_header(stream, self.path)
        except OSError as error:
            raise unreadable(self.path, error) from error

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels, from the file's header."""
        return self.header.shape

    def read(self, window: Window | None = None) -> np.ndarray:
        """Decodes the file; see `Frame.read`."""
        return cut(read_image(self.path), window, self.name)


def unreadable(path: Path, error: OSError) -> DataError:
    """Builds the error for a file that the system does not give."""
    return DataError(f"{path}: {error.strerror or error}; check the data root")


def read_image(path: Path) -> np.ndarray:
    """Decodes an image file without losing bits.

    An EXIF (or TIFF) orientation is applied, in the size that the header tells and to the pixels alike: this is how
    every viewer shows the image, and how the sharp image of a pair looks when a program has turned it upright. An
    alpha channel is dropped and the colours stay as they are stored, never multiplied by it.

    OpenCV decodes a truncated PNG or JPEG to a partly grey image without an error, so damage is looked for first.

    Args:
        path: PNG, TIFF, JPEG or WebP file; its content decides which, not its name.

    Returns:
        Array (height, width, 3) in RGB order or (height, width, 1), uint8 or uint16.

    Raises:
        DataError: When the file is missing, truncated, no image, or has other than 8 or 16 bits without sign.

    Examples:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGBA", (3, 2), (200, 100, 50, 60)).save(Path(folder) / "a.png")
        ...     read_image(Path(folder) / "a.png")[0, 0].tolist()
        [200, 100, 50]
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    header = read_header(BytesIO(raw), path)
    check_complete(raw, header, path)
    pixels = _decode(raw, header)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16) or pixels.shape != header.shape:
        raise DataError(f"{path}: not a readable image; fetch this file again")
    return pixels


read_picture = read_image
"""The first name of `read_image`, kept for those who import it."""


def _decode(raw: bytes, header: Header) -> np.ndarray | None:
    """Decodes a whole file to (height, width, channels) in RGB order; None when that fails."""
    import cv2

    if header.kind == "tiff" and header.alpha and header.bits == 8:
        # OpenCV takes such files through a converter that multiplies the colours by alpha.
        return _decode_with_pillow(raw, header.channels)
    flags = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(raw, np.uint8), flags)
    except (cv2.error, MemoryError):
        return None
    if pixels is None:
        return None
    if header.kind != "tiff":
        pixels = _turn(pixels, header.orientation)  # OpenCV turns TIFF files whatever it is told
    if pixels.ndim == 2:
        return pixels[..., np.newaxis]
    return pixels[..., :1] if header.channels == 1 else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def _decode_with_pillow(raw: bytes, channels: int) -> np.ndarray | None:
    """Decodes a file of 8 bits and drops its alpha channel."""
    from PIL import Image

    try:
        with Image.open(BytesIO(raw)) as image:
            pixels = np.asarray(image)
    except Exception:  # a damaged file can raise nearly anything
        return None
    return pixels[..., :channels] if pixels.ndim == 3 else None


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turns pixels from the way they are stored to the way they are shown.

    Examples:
        >>> stored = np.array([[1, 2, 3], [4, 5, 6]])
        >>> _turn(stored, 6).tolist()
        [[4, 1], [5, 2], [6, 3]]
    """
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    rows, columns = _STEPS[orientation]
    return np.ascontiguousarray(pixels[::rows, ::columns])


# For each orientation whether rows and columns run backwards, after transposing for 5 and more.
_STEPS = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1), 5: (1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}
