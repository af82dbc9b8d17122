"""What image files say beside their pixels: orientation, EXIF data, colour profiles."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_ORIENTATION = 0x0112
_CAMERA, _INTEROPERABILITY = 0x8769, 0xA005
_WIDTH, _HEIGHT = 0xA002, 0xA003
# What describes the file that was read and not the photograph: sizes, layout, compression, profile, XMP, previews.
_STRUCTURE = frozenset(
    [
        *(_ORIENTATION, 254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 280, 281, 284, 292, 293, 317),
        *(318, 319, 320, 322, 323, 324, 325, 330, 332, 338, 339, 340, 341, 347, 512, 513, 514, 529, 530, 531, 532),
        *(700, 34675),
    ]
)

DAMAGES = (
    *(OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, struct.error),
    *(zlib.error, EOFError, ZeroDivisionError, AssertionError, RuntimeError),
)
"""What Pillow's readers raise for damaged files, beside what they mean to."""


def orientation_of(image: Image.Image) -> tuple[int, str]:
    """The EXIF orientation of an image, 1 to 8, and a complaint where it is nonsense or cannot be read."""
    try:
        found: Any = image.getexif().get(_ORIENTATION, 1)
    except DAMAGES:
        return 1, "has damaged EXIF data, which is left out"
    if isinstance(found, int) and 1 <= found <= 8:
        return found, ""
    return 1, f"has the EXIF orientation {str(found)[:20]!r}, which is none of 1 to 8; it is taken as upright"


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """An array (height, width, ...) turned upright from an EXIF orientation; a view, not a copy."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def kept_exif(image: Image.Image, orientation: int) -> tuple[Image.Exif | None, str]:
    """What is kept of an image's EXIF data, and a complaint where it cannot be.

    The orientation is taken out, because the pixels are turned; so are the preview, which shows the blurred photograph,
    and what describes the pixels of the file that was read.

    Args:
        image: The image.
        orientation: Its orientation; a photograph that lay on its side has its sizes exchanged.
    """
    from PIL import Image

    try:
        exif = image.getexif()
        kept = Image.Exif()
        # The byte order of what is written; Pillow would take the file's, or the other one.
        kept.endian = "<"
        for tag, value in exif.items():
            if tag not in _STRUCTURE:
                kept[tag] = value
        for folder in (_CAMERA, 0x8825):
            if folder in exif:
                kept[folder] = dict(exif.get_ifd(folder))
        camera = kept.get(_CAMERA)
        if isinstance(camera, dict):
            camera.pop(_INTEROPERABILITY, None)
            if orientation >= 5 and _WIDTH in camera and _HEIGHT in camera:
                camera[_WIDTH], camera[_HEIGHT] = camera[_HEIGHT], camera[_WIDTH]
        if not len(kept):
            return None, ""
        kept.tobytes()
    except DAMAGES:
        return None, "has damaged EXIF data, which is left out"
    return kept, ""
