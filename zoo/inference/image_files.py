"""Image files and Pillow's images as arrays, turned as their EXIF orientation says."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import ZooError

if TYPE_CHECKING:
    from PIL import Image

# Modes of 16 bits in Pillow; "I" is what it makes of some PNG and TIFF files of 16 bits.
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def read_image(path: Path | str) -> np.ndarray:
    """An image file as `to_array` gives it.

    Raises:
        ZooError: When the file is missing or no image that can be read.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(path).expanduser()
    try:
        with warnings.catch_warnings():
            # A very large photograph is what tiles are for.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                return to_array(image, str(path))
    except FileNotFoundError as error:
        raise ZooError(f"{path}: no such image file") from error
    except UnidentifiedImageError as error:
        raise ZooError(f"{path}: not an image that can be read; save it as PNG, JPEG or TIFF") from error
    except Image.DecompressionBombError as error:
        raise ZooError(f"{path}: too large to be read at once; cut it into parts first") from error
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, ZooError):
            raise
        said = next(iter(str(error).splitlines()), type(error).__name__)
        raise ZooError(f"{path}: cannot be read as an image: {said}; save it again as PNG, JPEG or TIFF") from error


def to_array(image: Image.Image, name: str = "the image") -> np.ndarray:
    """A Pillow image as an array in the orientation that its EXIF data asks for.

    Args:
        image: Grey, RGB, CMYK or with a palette, of 8 bits; grey of 16 bits; an opaque alpha channel is left out.
        name: What messages call it.

    Returns:
        uint8 (height, width, 3), or (height, width, 1) for grey; float32 in [0, 1] for 16 bits.

    Raises:
        ZooError: For images that are partly transparent, and for other kinds of numbers.
    """
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode in _SIXTEEN_BITS:
        pixels = np.asarray(image)
        if pixels.min() < 0 or pixels.max() > 65535:
            raise ZooError(f"{name} has numbers outside of 16 bits; convert it to 8 or 16 bits first")
        return (pixels / np.float32(65535)).astype(np.float32)[..., np.newaxis]
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))[..., np.newaxis]
    if image.mode == "F":
        raise ZooError(f"{name} holds floating-point numbers of no known range; give an array in [0, 1]")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            raise ZooError(f"{name} is partly transparent; put it on a background first")
    return np.asarray(image.convert("RGB"))
