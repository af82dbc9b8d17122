"""What a network is given: checks of pictures and blur steps, grey planes, copies and medians of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.errors import ZooError
from zoo.registry import ModelInfo


def check_batch(batch: Any, blur_step: Any, info: ModelInfo, frames: int = 1) -> None:
    """Refuses what a network cannot take, before a framework meets it.

    Args:
        batch: Pictures (batch, height, width, channels).
        blur_step: One number, one per picture, or None.
        info: The network's contract.
        frames: Pictures along the channels.

    Raises:
        ZooError: For another rank or type, another number of channels, numbers that are not finite, and a blur step
            for a network that takes none or the reverse.
    """
    if not isinstance(batch, np.ndarray) or batch.ndim != 4 or 0 in batch.shape:
        raise ZooError(f"pictures must be an array (batch, height, width, channels), not {_shown(batch)}")
    if batch.dtype.kind != "f":
        raise ZooError(f"pictures must be float in [0, 1], not {batch.dtype}; divide by the white level first")
    wanted = (3 * frames,) if info.colour else (1, 3)
    if batch.shape[-1] not in wanted:
        expected = f"{3 * frames} channels ({frames} frames of 3)" if frames > 1 else f"{_or(wanted)} channel(s)"
        raise ZooError(f"{info.name} takes pictures of {expected}, not {batch.shape[-1]}")
    if not np.isfinite(batch).all():
        raise ZooError(f"{info.name}: the picture has values that are not finite (NaN or infinity); replace them first")
    if info.takes_blur_step and blur_step is None:
        raise ZooError(f"{info.name} needs to know how blurred a picture is; give blur_step, 0 for the least blur")
    if not info.takes_blur_step and blur_step is not None:
        raise ZooError(f"{info.name} takes no blur step; leave blur_step out")
    if blur_step is not None:
        _check_steps(blur_step, len(batch), info)


def to_planes(batch: np.ndarray) -> np.ndarray:
    """Returns every channel of every picture as a grey picture of its own: (batch x channels, height, width, 1)."""
    count, height, width, channels = batch.shape
    return np.moveaxis(batch, -1, 1).reshape(count * channels, height, width, 1)


def from_planes(planes: np.ndarray, channels: int) -> np.ndarray:
    """Returns the pictures whose channels `to_planes` took apart."""
    count, height, width, _ = planes.shape
    return np.moveaxis(planes.reshape(count // channels, channels, height, width), 1, -1)


def network_input(planes: np.ndarray, info: ModelInfo) -> np.ndarray:
    """Returns what a network for grey pictures takes of them.

    Args:
        planes: Grey pictures (batch, height, width, 1), float.
        info: The network's contract.

    Returns:
        The grey channel `info.channels` times, or followed by its medians (borders reflected): (batch, height, width,
        info.channels).
    """
    if not info.medians:
        return np.repeat(planes, info.channels, axis=-1)
    import keras

    from zoo.layers.median import MedianFilter

    medians = [
        keras.ops.convert_to_numpy(MedianFilter(width, padding="reflect", dtype=planes.dtype.name)(planes))
        for width in info.medians
    ]
    return np.concatenate([planes, *medians], axis=-1)


def steps_of(blur_step: Any, count: int) -> np.ndarray:
    """Returns one blur step for each of `count` pictures, (count, 1), float32."""
    return np.broadcast_to(np.asarray(blur_step, np.float32).reshape(-1, 1), (count, 1))


def _check_steps(blur_step: Any, count: int, info: ModelInfo) -> None:
    """Raises ZooError for blur steps that are not one or `count` finite numbers."""
    try:
        steps = np.asarray(blur_step, np.float64)
    except (TypeError, ValueError):
        steps = np.asarray(np.nan)
    if steps.size not in (1, count) or not np.isfinite(steps).all() or (steps < 0).any():
        raise ZooError(
            f"{info.name}: blur_step must be a number of at least 0, or one for each of {count} pictures, "
            f"not {blur_step!r}"
        )


def _or(numbers: tuple[int, ...]) -> str:
    return " or ".join(str(number) for number in numbers)


def _shown(value: Any) -> str:
    """Returns the shape of an array, or the type of what is none."""
    return f"shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
