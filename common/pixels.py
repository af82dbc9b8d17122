"""Images as arrays of 8 bits, as screens and most files hold them."""

from __future__ import annotations

import numpy as np


def to_eight_bits(pixels: np.ndarray) -> np.ndarray:
    """uint8 of an image, rounded: uint16 by its white level, floats clipped to [0, 1]; uint8 as it is.

    >>> to_eight_bits(np.array([0, 65535], np.uint16)).tolist(), to_eight_bits(np.array([0.5, 2.0])).tolist()
    ([0, 255], [128, 255])
    """
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind == "f":
        return np.floor(np.clip(np.nan_to_num(pixels), 0, 1) * 255 + 0.5).astype(np.uint8)
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
