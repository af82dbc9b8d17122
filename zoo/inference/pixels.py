"""Images as arrays: what is one, of which type and range, and back into the type that it came in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from common.progress import Progress
from zoo.errors import ZooError
from zoo.inference.image_files import read_image, to_array

WHITE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}
"""The white level of images of whole numbers."""

_Item = TypeVar("_Item")


def as_array(image: Any) -> np.ndarray:
    """The array of what is one, of an image file, or of a Pillow image."""
    if isinstance(image, np.ndarray):
        return image
    if isinstance(image, (str, Path)):
        return read_image(image)
    # Without importing Pillow: what is none of its images has no such method.
    if hasattr(image, "getexif"):
        return to_array(image)
    raise ZooError(
        f"an image must be an array (height, width, channels), a path or a Pillow image, not {type(image).__name__}"
    )


def check_image(image: np.ndarray) -> None:
    """Refuses arrays that are no images."""
    if image.ndim != 3 or 0 in image.shape:
        raise ZooError(f"an image must be an array (height, width, channels), not {image.shape}")
    if image.dtype in WHITE:
        return
    if image.dtype.kind != "f":
        raise ZooError(
            f"an image must be uint8 in [0, 255], uint16 in [0, 65535] or float in [0, 1], not {image.dtype}; "
            "convert it first"
        )
    if not np.isfinite(image).all() or image.min() < 0 or image.max() > 1:
        raise ZooError("a float image must be finite and in [0, 1]; divide by its white level first")


def as_float(image: np.ndarray) -> np.ndarray:
    """An image as float32 in [0, 1]."""
    white = WHITE.get(image.dtype)
    return image.astype(np.float32) if white is None else image.astype(np.float32) / np.float32(white)


def to_type(sharp: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """A restored image, float in [0, 1], in the type of the blurred one."""
    white = WHITE.get(dtype)
    if white is None:
        return sharp.astype(np.float32).astype(dtype)
    return np.floor(sharp.astype(np.float32) * np.float32(white) + np.float32(0.5)).astype(dtype)


def one_channel(pixels: np.ndarray) -> np.ndarray:
    """An image (height, width, 1 or 3) as grey (height, width, 1) of the same type, colours by their luminance."""
    if pixels.shape[2] == 1:
        return pixels
    import cv2

    # With whole numbers whose sum is a power of two: what is grey already keeps its values.
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., np.newaxis]


def counted(items: Sequence[_Item], progress: Progress | None) -> Iterator[_Item]:
    """The items, reporting after each how many are done."""
    for done, item in enumerate(items, 1):
        yield item
        if progress is not None:
            progress(done, len(items))
