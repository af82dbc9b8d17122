"""One photograph in, one photograph out: frames, padding to what a network accepts, cropping back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import ZooError
from zoo.registry import ModelInfo, identify

if TYPE_CHECKING:
    import keras


def pad_to_fit(batch: np.ndarray, info: ModelInfo) -> tuple[np.ndarray, tuple[int, int]]:
    """Pads pictures by reflection until a network accepts their size; the door for odd sizes.

    Nothing is added when the size fits. The margin is split evenly, the odd pixel at the bottom and right.

    Args:
        batch: Pictures (batch, height, width, channels).
        info: The network's contract.

    Returns:
        The padded pictures, and (top, left) where the original starts in them.
    """
    margins = [_margin(side, info) for side in batch.shape[1:3]]
    widths = [(0, 0), *((margin // 2, margin - margin // 2) for margin in margins), (0, 0)]
    start = (widths[1][0], widths[2][0])
    return (np.pad(batch, widths, mode="reflect") if any(margins) else batch), start


def restore_batch(model: keras.Model, batch: np.ndarray, info: ModelInfo) -> np.ndarray:
    """Runs a network on pictures of any size.

    Args:
        model: A network of this zoo.
        batch: Pictures (batch, height, width, frames x channels), float32 in [0, 1].
        info: The network's contract.

    Returns:
        Restored pictures (batch, height, width, channels), float32, clipped to [0, 1].
    """
    padded, (top, left) = pad_to_fit(batch, info)
    restored = np.asarray(model.predict_on_batch(padded), np.float32)
    height, width = batch.shape[1:3]
    return np.clip(restored[:, top : top + height, left : left + width], 0.0, 1.0)


def restore(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """Deblurs one photograph of any height and width.

    Args:
        model: A network of this zoo, from `create` or `load`.
        image: Array (height, width, 3), or (height, width, 9) with previous, current and next frame; uint8 in
            [0, 255] or float in [0, 1]. A single picture for a three-frame network stands for all three frames.

    Returns:
        The sharp photograph (height, width, 3) in the type of the input.

    Raises:
        ZooError: For another shape, type or range, and for models that are not of this zoo.
    """
    info, variant = identify(model)
    channels, frames = info.channels, info.variant(variant).frames
    pixels = _as_float(image)
    if pixels.shape[-1] == channels and frames > 1:
        pixels = np.tile(pixels, frames)
    if pixels.shape[-1] != channels * frames:
        raise ZooError(
            f"{model.name} takes {frames} frame(s) of {channels} channels; the picture has {pixels.shape[-1]} channels"
        )
    sharp = restore_batch(model, pixels[np.newaxis], info)[0]
    if image.dtype == np.uint8:
        return np.floor(sharp * 255.0 + 0.5).astype(np.uint8)
    return sharp.astype(image.dtype)


def _margin(side: int, info: ModelInfo) -> int:
    """Returns how many pixels a side lacks to the next size that the network accepts."""
    multiple = info.size_multiple
    wanted = max(side, info.minimum_size)
    return -(-wanted // multiple) * multiple - side


def _as_float(image: Any) -> np.ndarray:
    """Returns the picture as float32 in [0, 1]."""
    if not isinstance(image, np.ndarray) or image.ndim != 3 or 0 in image.shape:
        raise ZooError(f"a picture must be an array (height, width, channels), not {getattr(image, 'shape', image)!r}")
    if image.dtype == np.uint8:
        return image.astype(np.float32) / 255.0
    if image.dtype.kind != "f":
        raise ZooError(f"a picture must be uint8 in [0, 255] or float in [0, 1], not {image.dtype}; convert it first")
    if not np.isfinite(image).all() or image.min() < 0 or image.max() > 1:
        raise ZooError("a float picture must be finite and in [0, 1]; divide by its white level first")
    return image.astype(np.float32)
