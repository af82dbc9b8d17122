"""Means of a map, over all of it or over a window around every pixel, and the way back to the map's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, at_least_float32
from zoo.options import INFERENCE_MODES


@keras.saving.register_keras_serializable(package="deblur_zoo")
class LocalMean(keras.layers.Layer):
    """The mean of every channel over a window at each place where the window fits, or over the whole map.

    A model that is trained on crops and then sees whole photographs meets other means than it has learnt from. Windows
    as large as the crops were (and half as large again) give it those it knows. A window that is larger than the map is
    cut to it, along each axis by itself: a map that is smaller than the window has one mean, that of all of it, so the
    mode changes nothing on crops. `RepeatEdges` brings the means back to the map's size.

    The means come from running sums of what differs from the map's own mean, in float32 or better: the sums stay
    small, so no digits are lost in large maps. Larger windows cost no more.

    Input shape: (batch, height, width, channels), height and width may be unknown.
    Output shape: (batch, max(1, height - rows + 1), max(1, width - columns + 1), channels) for a window of rows x
    columns, or (batch, 1, 1, channels) in the mode `"global"`.

    Source: Chu et al., "Improving image restoration by revisiting global information aggregation" (ECCV 2022; TLC),
    with a window of every place, not its faster approximation.

    Args:
        window: Rows and columns of the window in pixels of the map, at least 1; one number for both.
        mode: `"local"` or `"global"`.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the window is below 1, and for another mode.
    """

    def __init__(self, window: int | Sequence[int], mode: str = "local", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.window = (window, window) if isinstance(window, int) else tuple(window)
        if len(self.window) != 2 or min(self.window) < 1:
            raise ValueError(f"window must be at least 1, or two such numbers, not {window}")
        if mode not in INFERENCE_MODES:
            raise ValueError(f"mode must be {' or '.join(map(repr, INFERENCE_MODES))}, not {mode!r}")
        self.mode = mode

    def call(self, inputs: Tensor) -> Tensor:
        """The means of `inputs`."""
        x = ops.cast(inputs, at_least_float32(inputs.dtype))
        means = ops.mean(x, axis=(1, 2), keepdims=True)
        pairs = list(zip(ops.shape(x)[1:3], self.window, strict=True))
        if self.mode == "local" and not all(_covers(window, side) for side, window in pairs):
            x = x - means
            # Along the rows first, where running sums are fastest: fewer of them are left for the columns.
            for axis in (2, 1):
                x = _along(x, axis, *pairs[axis - 1])
            means = means + x
        return ops.cast(means, self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """One mean for every place where the window fits."""
        batch, *sides, channels = input_shape
        if self.mode == "global":
            return (batch, 1, 1, channels)
        pairs = zip(sides, self.window, strict=True)
        return (batch, *(None if side is None else max(1, side - window + 1) for side, window in pairs), channels)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "window": self.window, "mode": self.mode}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class RepeatEdges(keras.layers.Layer):
    """Small maps with their outer rows and columns repeated until they are as large as another tensor.

    Of d missing rows floor(d / 2) come above and the others below; columns likewise. An axis with a single value stays
    as it is: whatever is multiplied by it meets that value everywhere.

    Input shapes: maps (batch, rows, columns, channels); reference (batch, height, width, any).
    Output shape: (batch, height, width, channels), an axis known to have one value in the maps keeps its length 1.

    Source: as `LocalMean`.
    """

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Enlarges `inputs` = [maps, reference]."""
        x, reference = inputs
        for axis in (1, 2):
            length, side = ops.shape(x)[axis], ops.shape(reference)[axis]
            if isinstance(length, int) and (length == 1 or (isinstance(side, int) and length == side)):
                continue
            place = ops.arange(side, dtype="int32") - (side - length) // 2
            x = ops.take(x, ops.minimum(ops.maximum(place, 0), length - 1), axis=axis)
        return x

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The maps' batch and channels with the reference's height and width."""
        maps, reference = input_shape
        sides = (1 if length == 1 else side for length, side in zip(maps[1:3], reference[1:3], strict=True))
        return (maps[0], *sides, maps[3])


def _covers(window: int, side: Any) -> bool:
    """Whether a side is known to fit in the window."""
    return isinstance(side, int) and side <= window


def _along(x: Tensor, axis: int, side: Any, window: int) -> Tensor:
    """The means of the windows along one axis.

    Args:
        x: Tensor (batch, height, width, channels).
        axis: The axis.
        side: Its length, a number or a scalar tensor.
        window: Length of the windows, cut to the side.
    """
    if _covers(window, side):
        return ops.mean(x, axis=axis, keepdims=True)
    span = min(side, window) if isinstance(side, int) else ops.minimum(side, window)
    others = (slice(None),) * axis
    first = ops.sum(x[(*others, slice(None, span))], axis=axis, keepdims=True)
    # From a window to the next, one number comes in and one goes out.
    changes = x[(*others, slice(span, None))] - x[(*others, slice(None, side - span))]
    total = ops.concatenate([first, first + ops.cumsum(changes, axis=axis)], axis=axis)
    return total / ops.cast(span, x.dtype)
