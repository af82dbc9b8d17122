"""A batch of images through a model: padding to what it accepts, tiles, grey planes, cropping back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference.guard import Guard
from zoo.inference.inputs import check_batch, from_planes, known_blur, network_input, to_planes, with_medians
from zoo.inference.run import run_model
from zoo.inference.tiling import Tiles, restore_tiles
from zoo.registry import ModelInfo, spoken
from zoo.shapes import fixed_size

if TYPE_CHECKING:
    import keras

PIXELS_AT_ONCE = 1 << 20
"""Grey planes of together at most this many pixels go through a model at once, to bound its memory."""


def pad_to_fit(batch: np.ndarray, info: ModelInfo, shrink: int = 0) -> tuple[np.ndarray, tuple[int, int]]:
    """Pads images by reflection until a model accepts their size; the door for odd sizes.

    Nothing is added when the size fits. The margin is split evenly, the odd pixel at the bottom and right.

    Args:
        batch: Images (batch, height, width, channels).
        info: The model's contract.
        shrink: Pixels by which each side of the output is smaller than that of the input; made up for here.

    Returns:
        The padded images, and (top, left) where the original starts in the model's output.

    >>> import zoo
    >>> padded, start = pad_to_fit(np.zeros((1, 33, 47, 3), np.float32), zoo.info("unet1"))
    >>> padded.shape, start
    ((1, 48, 48, 3), (7, 0))
    """
    margins = [margin_to_fit(side, info, shrink) for side in batch.shape[1:3]]
    widths = [(0, 0), *((margin // 2, margin - margin // 2) for margin in margins), (0, 0)]
    start = (widths[1][0] - shrink // 2, widths[2][0] - shrink // 2)
    return (np.pad(batch, widths, mode="reflect") if any(margins) else batch), start


def restore_batch(
    model: keras.Model,
    batch: np.ndarray,
    info: ModelInfo,
    blur_step: Any = None,
    tiles: Tiles | None = None,
    psf: Any = None,
    guard: Guard | None = None,
) -> np.ndarray:
    """Runs a model on images of any size.

    Models for grey images restore colour ones channel by channel.

    Args:
        model: A model of this zoo.
        batch: Images (batch, height, width, frames x 3), or (batch, height, width, 1 or 3) for models of grey
            images; float32 in [0, 1].
        info: The model's contract.
        blur_step: For models that take it: one number, or one for each image.
        tiles: How large images are cut; None restores them at once.
        psf: For models that take it: the point spread function (rows, columns), or one for each image.
        guard: Looks over the answers of a model for colour images; None takes them as they are.

    Returns:
        Restored images (batch, height, width, 3, or 1 for grey input), float32, clipped to [0, 1].

    Raises:
        ZooError: When the model does not take such images or lacks what it needs to know of their blur; see
            `inputs.check_batch` and `inputs.known_blur`.

    >>> import zoo
    >>> model = zoo.create("identity")
    >>> restore_batch(model, np.zeros((2, 5, 7, 3), np.float32), zoo.info("identity")).shape
    (2, 5, 7, 3)
    """
    check_batch(batch, info, model_frames(model, info))
    blur = known_blur(batch, info, blur_step, psf)
    # What has the one size that a model takes is not cut.
    if tiles is None or batch.shape[1:3] == fixed_size(model):
        return _restore_whole(model, batch, info, blur, guard)
    restored = []
    for index, image in enumerate(batch):
        own = None if blur is None else blur[index : index + 1]
        restored.append(
            restore_tiles(image, tiles, partial(_restore_piece, model=model, info=info, blur=own, guard=guard))
        )
    return np.stack(restored)


def _restore_piece(
    piece: np.ndarray, model: keras.Model, info: ModelInfo, blur: np.ndarray | None, guard: Guard | None
) -> np.ndarray:
    """Restores one piece (height, width, channels) of an image; see `tiling.restore_tiles`."""
    return _restore_whole(model, piece[np.newaxis], info, blur, guard)[0]


def _restore_whole(
    model: keras.Model, batch: np.ndarray, info: ModelInfo, blur: np.ndarray | None, guard: Guard | None
) -> np.ndarray:
    """Restores checked images at once; see `restore_batch`."""
    if info.colour:
        return _restore_images(model, batch, info, blur, guard)
    channels = batch.shape[-1]
    planes = to_planes(batch)
    blur = None if blur is None else np.repeat(blur, channels, axis=0)
    at_once = max(1, PIXELS_AT_ONCE // (batch.shape[1] * batch.shape[2]))
    restored = [
        _restore_images(model, planes[i : i + at_once], info, None if blur is None else blur[i : i + at_once])
        for i in range(0, len(planes), at_once)
    ]
    return from_planes(np.concatenate(restored), channels)


def model_frames(model: keras.Model, info: ModelInfo) -> int:
    """How many images a model takes along the channels."""
    shape = model.inputs[0].shape
    return int(shape[-1]) // info.channels


def shrink_of(model: keras.Model) -> int:
    """By how many pixels each side of a model's output is smaller than that of its input.

    >>> import zoo
    >>> shrink_of(zoo.create("identity")), shrink_of(zoo.create("refiner", "tiny"))
    (0, 26)
    """
    info, variant = identify(model)
    if not info.variant(variant).shrink:
        return 0
    # The model is asked, because options may have changed what the variant says.
    side = 1024
    shapes = [(1, side, side, model.inputs[0].shape[-1]), *((1, *tensor.shape[1:]) for tensor in model.inputs[1:])]
    result = model.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    return side - int((result[0] if isinstance(result[0], (tuple, list)) else result)[1])


def _restore_images(
    model: keras.Model, batch: np.ndarray, info: ModelInfo, blur: np.ndarray | None, guard: Guard | None = None
) -> np.ndarray:
    """Restores images, or grey planes, that all go through the model at once; the result is clipped."""
    answer = _answer(model, batch, info, blur)
    if guard is not None and np.isfinite(answer).any():
        middle = batch.shape[-1] // 3 // 2 * 3
        answer = guard(
            batch[..., middle : middle + 3], answer, partial(_calmer_answer, guard, model, batch, info, blur)
        )
    # The weights are sound, so what is no number was too large for one.
    if not np.isfinite(answer).all():
        raise ZooError(
            f"{spoken(model)} gives no numbers (NaN or infinity): its precision is too low; build it in float32"
        )
    return np.clip(answer, 0.0, 1.0)


def _calmer_answer(
    guard: Guard, model: keras.Model, batch: np.ndarray, info: ModelInfo, blur: np.ndarray | None
) -> np.ndarray | None:
    """What a model answers with means over the whole image instead of windows; None for one without windows."""
    calm = guard.calmer(model)
    return None if calm is None else _answer(calm, batch, info, blur)


def _answer(model: keras.Model, batch: np.ndarray, info: ModelInfo, blur: np.ndarray | None) -> np.ndarray:
    """Pads, restores and crops images; what comes out is as the model gives it."""
    _, variant = identify(model)
    _check_fixed_size(model, batch)
    padded, (top, left) = pad_to_fit(batch, info.for_variant(variant), shrink_of(model))
    prepare = partial(with_medians, widths=info.medians) if info.medians else None
    # Medians are made within the model's own graph, at once with it.
    inputs = padded if info.colour or prepare else network_input(padded, info)
    restored, whole = run_model(model, [inputs] if blur is None else [inputs, blur], prepare)
    # The result alone does not tell: a ReLU may turn NaN into 0.
    if not whole:
        raise ZooError(
            f"{spoken(model)} gives no numbers (NaN or infinity): its weights are damaged or its training diverged; "
            "load other weights"
        )
    height, width = batch.shape[1:3]
    return restored[:, top : top + height, left : left + width]


def _check_fixed_size(model: keras.Model, batch: np.ndarray) -> None:
    """Refuses images of another size than the only one that a model takes."""
    fixed, size = fixed_size(model), batch.shape[1:3]
    if fixed is None or size == fixed:
        return
    tiles = Tiles.seen_as(*fixed)
    remedy = f"restore in tiles, tile={tiles.tile} and overlap={tiles.overlap}" if tiles else "scale the image to that"
    raise ZooError(f"{spoken(model)} takes images of {fixed[0]}x{fixed[1]} alone, not of {size[0]}x{size[1]}; {remedy}")


def margin_to_fit(side: int, info: ModelInfo, shrink: int) -> int:
    """How many pixels a side lacks to the next size that the model accepts and gives the side back."""
    multiple = info.size_multiple
    wanted = max(side + shrink, info.minimum_size)
    return -(-wanted // multiple) * multiple - side
