"""What a model is given: checks of images and of what is known of their blur, grey planes, copies and medians."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from zoo.backend import Tensor, keras
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.registry import ModelInfo, spoken

_LOG = logging.getLogger(__name__)

_NEGATIVE = 0.05
"""Share of its sum that the negative values of a point spread function may have, as estimates do."""
_UNIT = 1e-3
"""So near to 1 its sum is 1."""


def check_batch(batch: Any, info: ModelInfo, frames: int = 1) -> None:
    """Refuses what a model cannot take, before a framework meets it.

    Args:
        batch: Images (batch, height, width, channels).
        info: The model's contract.
        frames: Images along the channels.

    Raises:
        ZooError: For another rank or type, another number of channels, and numbers that are not finite.
    """
    if not isinstance(batch, np.ndarray) or batch.ndim != 4 or 0 in batch.shape:
        raise ZooError(f"images must be an array (batch, height, width, channels), not {_shown(batch)}")
    if batch.dtype.kind != "f":
        raise ZooError(f"images must be float in [0, 1], not {batch.dtype}; divide by the white level first")
    wanted = (3 * frames,) if info.colour else (1, 3)
    if batch.shape[-1] not in wanted:
        expected = f"{3 * frames} channels ({frames} frames of 3)" if frames > 1 else f"{_or(wanted)} channel(s)"
        raise ZooError(f"{info.name} takes images of {expected}, not {batch.shape[-1]}")
    if not np.isfinite(batch).all():
        raise ZooError(f"{info.name}: the image has values that are not finite (NaN or infinity); replace them first")


def known_blur(batch: np.ndarray, info: ModelInfo, blur_step: Any = None, psf: Any = None) -> np.ndarray | None:
    """A model's second input: what is known of the blur of each image.

    Args:
        batch: The images (batch, height, width, channels).
        info: The model's contract.
        blur_step: One number, one per image, or None.
        psf: Point spread function (rows, columns), one per image (batch, rows, columns), or None.

    Returns:
        float32 (batch, 1) for blur steps, (batch, rows, columns, 1) for point spread functions, or None for a model
        that takes neither.

    Raises:
        ZooError: For something that the model does not take or lacks, or that cannot be.
    """
    if info.takes_blur_step and blur_step is None:
        raise ZooError(f"{info.name} needs to know how blurred an image is; give blur_step, 0 for the least blur")
    if not info.takes_blur_step and blur_step is not None:
        raise ZooError(f"{info.name} takes no blur step; leave blur_step out")
    if info.takes_psf and psf is None:
        raise ZooError(f"{info.name} needs to know the blur; give its point spread function as psf")
    if not info.takes_psf and psf is not None:
        raise ZooError(f"{info.name} takes no point spread function; leave psf out")
    if blur_step is not None:
        return _checked_steps(blur_step, len(batch), info)
    return None if psf is None else _checked_psfs(psf, batch.shape, info)


def normalised(psf: Any, info: ModelInfo) -> Any:
    """A point spread function of a photograph that loses no light: its sum is 1, and another one is said.

    Args:
        psf: What a user gave; whatever is no array of numbers is left to `known_blur`.
        info: The model's contract.

    Raises:
        ZooError: When parts of it take light away.
    """
    function = np.asarray(psf) if psf is not None and info.takes_psf else None
    if function is None or function.dtype.kind not in "fiu" or not np.isfinite(function).all():
        return psf
    total = float(function.sum(dtype=np.float64))
    if total <= 0 or -float(function[function < 0].sum(dtype=np.float64)) > _NEGATIVE * total:
        raise ZooError(
            f"{info.name}: a point spread function must let light through and take none away, but this one has the sum "
            f"{total:.4g} and the least value {function.min() if function.size else 0:.4g}; clip negative values to 0"
        )
    if abs(total - 1) <= _UNIT:
        return psf
    _LOG.warning("%s: the point spread function has the sum %.4g and is divided by it", info.name, total)
    return function / total


def to_planes(batch: np.ndarray) -> np.ndarray:
    """Every channel of every image as a grey image of its own: (batch x channels, height, width, 1)."""
    count, height, width, channels = batch.shape
    return np.moveaxis(batch, -1, 1).reshape(count * channels, height, width, 1)


def from_planes(planes: np.ndarray, channels: int) -> np.ndarray:
    """The images whose channels `to_planes` took apart."""
    count, height, width, _ = planes.shape
    return np.moveaxis(planes.reshape(count // channels, channels, height, width), 1, -1)


def network_input(planes: np.ndarray, info: ModelInfo) -> np.ndarray:
    """What a model for grey images takes of them.

    Args:
        planes: Grey images (batch, height, width, 1), float.
        info: The model's contract.

    Returns:
        The grey channel `info.channels` times, or followed by its medians (borders reflected): (batch, height, width,
        info.channels).
    """
    if not info.medians:
        return np.repeat(planes, info.channels, axis=-1)
    grey = keras.ops.convert_to_tensor(planes)
    return np.asarray(keras.ops.convert_to_numpy(with_medians(grey, info.medians)))


def with_medians(grey: Tensor, widths: tuple[int, ...], sorting: bool = False) -> Tensor:
    """Grey images (batch, height, width, 1) followed by their medians along the channels, borders reflected.

    Args:
        grey: The images.
        widths: Widths of the median filters.
        sorting: As for `zoo.layers.MedianFilter`.
    """
    from zoo.layers import MedianFilter

    dtype = keras.backend.standardize_dtype(grey.dtype)
    medians = [MedianFilter(width, sorting=sorting, dtype=dtype, name=f"median{width}")(grey) for width in widths]
    return keras.ops.concatenate([grey, *medians], axis=-1)


def from_grey(model: keras.Model) -> keras.Model:
    """A model that takes medians, behind a graph that makes them: grey image in, so that it can be exported whole.

    Args:
        model: A model of the zoo whose input is the grey channel and its medians, such as the refiner. Its weights are
            shared, not copied.

    Returns:
        A model from grey images (batch, height, width, 1), and what else the model takes, to its outputs.

    Raises:
        ZooError: When the model takes no medians.
    """
    info, _ = identify(model)
    if not info.medians:
        raise ZooError(f"{spoken(model)} takes no medians; export it as it is")
    full = model.inputs[0].dtype
    grey = keras.Input((None, None, 1), dtype=full, name="grey")
    others = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in model.inputs[1:]]
    stacked = with_medians(grey, info.medians)
    outputs = model([stacked, *others] if others else stacked)
    return keras.Model([grey, *others] if others else grey, outputs, name=model.name)


def _checked_steps(blur_step: Any, count: int, info: ModelInfo) -> np.ndarray:
    """One blur step for each image; ZooError for those that are not one or `count` finite numbers."""
    try:
        steps = np.asarray(blur_step, np.float64)
    except (TypeError, ValueError):
        steps = np.asarray(np.nan)
    if steps.size not in (1, count) or not np.isfinite(steps).all() or (steps < 0).any():
        raise ZooError(
            f"{info.name}: blur_step must be a number of at least 0, or one for each of {count} images, "
            f"not {blur_step!r}"
        )
    return np.broadcast_to(steps.reshape(-1, 1).astype(np.float32), (count, 1))


def _checked_psfs(psf: Any, shape: tuple[int, ...], info: ModelInfo) -> np.ndarray:
    """One point spread function for each image of a batch; ZooError for those that cannot be."""
    count, height, width = shape[:3]
    functions = np.asarray(psf)
    if functions.dtype.kind not in "fiu" or functions.ndim not in (2, 3) or 0 in functions.shape:
        raise ZooError(f"{info.name}: psf must be an array of numbers (rows, columns), not {_shown(psf)}")
    if functions.ndim == 3 and len(functions) != count:
        raise ZooError(f"{info.name}: {len(functions)} point spread functions for {count} images; give one for each")
    functions = np.broadcast_to(functions, (count, *functions.shape[-2:]))
    rows, columns = functions.shape[1:]
    if rows % 2 == 0 or columns % 2 == 0:
        raise ZooError(f"{info.name}: a point spread function of {rows}x{columns} has no middle; make its sides odd")
    if rows > max(2 * height - 2, 1) or columns > max(2 * width - 2, 1):
        raise ZooError(
            f"{info.name}: a point spread function of {rows}x{columns} is too large for images of {height}x{width}; "
            "take larger images or tiles"
        )
    if not np.isfinite(functions).all() or (functions.sum(axis=(1, 2)) <= 0).any():
        raise ZooError(f"{info.name}: a point spread function must be finite and let light through (sum over 0)")
    return functions[..., np.newaxis].astype(np.float32)


def _or(numbers: tuple[int, ...]) -> str:
    return " or ".join(str(number) for number in numbers)


def _shown(value: Any) -> str:
    """The shape of an array, or the type of what is none."""
    return f"shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
