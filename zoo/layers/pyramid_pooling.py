"""Average pooling to a fixed number of bins, and resizing back: the two halves of a pyramid pooling module."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, at_least_float32
from zoo.layers.whole_numbers import ceil_divide


@keras.saving.register_keras_serializable(package="deblur_zoo")
class AdaptiveAveragePool(keras.layers.Layer):
    """Averages a map of any size down to bins x bins values per channel.

    Along a side of n pixels, bin i is the mean over [floor(i n / bins), ceil((i + 1) n / bins)): neighbours share a
    pixel where the division leaves a rest, and a bin is never empty. This is PyTorch's adaptive pooling. It is
    computed as a product with a (bins x n) averaging matrix per axis.

    Input shape: (batch, height, width, channels), height and width may be unknown.
    Output shape: (batch, bins, bins, channels).

    Args:
        bins: Bins per axis.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When `bins` is not positive.
    """

    def __init__(self, bins: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if bins < 1:
            raise ValueError(f"bins must be at least 1, not {bins}")
        self.bins = bins

    def call(self, inputs: Tensor) -> Tensor:
        """Averages `inputs`."""
        _, height, width, channels = ops.shape(inputs)
        rows, columns = (_averaging(self.bins, side, inputs.dtype) for side in (height, width))
        return _along_both_axes(inputs, rows, columns, (self.bins, width), (self.bins, self.bins), channels)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns (batch, bins, bins, channels)."""
        return (input_shape[0], self.bins, self.bins, input_shape[3])

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "bins": self.bins}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class ResizeLike(keras.layers.Layer):
    """Resizes small maps bilinearly (half-pixel centres, clamped edges) to the height and width of another tensor.

    Meant for a few bins becoming a feature map: each axis is one product with a (n x bins) interpolation matrix.

    Input shapes: maps (batch, rows, columns, channels); reference (batch, height, width, any).
    Output shape: (batch, height, width, channels of the maps).
    """

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Resizes `inputs` = [maps, reference]."""
        maps, reference = inputs
        _, rows, columns, channels = ops.shape(maps)
        height, width = ops.shape(reference)[1:3]
        down = _interpolation(height, rows, maps.dtype)
        across = _interpolation(width, columns, maps.dtype)
        return _along_both_axes(maps, down, across, (height, columns), (height, width), channels)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The maps' batch and channels with the reference's height and width."""
        maps, reference = input_shape
        return (maps[0], *reference[1:3], maps[3])


def _along_both_axes(
    x: Tensor, rows: Any, columns: Any, between: tuple[int, ...], after: tuple[int, ...], channels: int
) -> Tensor:
    """Returns `rows` times x along the height, `columns` times that along the width.

    Args:
        x: Tensor (batch, height, width, channels).
        rows: Matrix (new height, height).
        columns: Matrix (new width, width).
        between: New height, old width.
        after: New height, new width.
        channels: Channels of x.
    """
    height = ops.shape(x)[1]
    x = ops.matmul(rows, ops.reshape(x, (-1, height, between[1] * channels)))
    x = ops.matmul(columns, ops.reshape(x, (-1, between[1], channels)))
    return ops.reshape(x, (-1, *after, channels))


def _averaging(bins: int, pixels: Any, dtype: Any) -> Any:
    """The matrix (bins, pixels) whose row i averages the pixels of bin i."""
    index = ops.arange(bins, dtype="int32")
    start = index * pixels // bins
    end = ceil_divide((index + 1) * pixels, bins)
    pixel = ops.arange(pixels, dtype="int32")
    inside = ops.logical_and(pixel >= start[:, None], pixel < end[:, None])
    # Half precision would misplace the pixels.
    wide = at_least_float32(dtype)
    return ops.cast(ops.cast(inside, wide) / ops.cast(end - start, wide)[:, None], dtype)


def _interpolation(pixels: Any, bins: Any, dtype: Any) -> Any:
    """The matrix (pixels, bins) whose row p holds the two bilinear weights of pixel p."""
    # Half precision would misplace the pixels.
    wide = at_least_float32(dtype)
    ratio = ops.cast(bins, wide) / ops.cast(pixels, wide)
    position = (ops.cast(ops.arange(pixels, dtype="int32"), wide) + 0.5) * ratio - 0.5
    position = ops.clip(position, 0.0, ops.cast(bins - 1, wide))
    distance = ops.abs(position[:, None] - ops.cast(ops.arange(bins, dtype="int32"), wide))
    return ops.cast(ops.maximum(1.0 - distance, 0.0), dtype)
