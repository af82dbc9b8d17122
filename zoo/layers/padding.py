"""Margins and maps that Keras' padding layers cannot add, and what takes them off again."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.layers.whole_numbers import missing_to_multiple


@keras.saving.register_keras_serializable(package="deblur_zoo")
class ReflectionPadding2D(keras.layers.Layer):
    """Adds a margin that mirrors the image at its border pixels, which are not repeated.

    Input shape: (batch, height, width, channels), both sides larger than the margin.
    Output shape: (batch, height + 2 padding, width + 2 padding, channels).

    Args:
        padding: Pixels on each of the four sides.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When `padding` is negative, or a known side is too small to mirror.
    """

    def __init__(self, padding: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if padding < 0:
            raise ValueError(f"padding must not be negative, and is {padding}")
        self.padding = padding

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the sides that are known."""
        small = [side for side in input_shape[1:3] if side is not None and side <= self.padding]
        if small:
            raise ValueError(f"a side of {small[0]} pixels has not enough to mirror {self.padding}; take larger maps")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Pads `inputs`."""
        margin = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), margin, margin, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with the margins added."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side + 2 * self.padding for side in sides), channels)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "padding": self.padding}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class ZeroMaps(keras.layers.Layer):
    """Maps of zeros of the input's height and width, for inputs that a model keeps a place for.

    Input shape: (batch, height, width, any).
    Output shape: (batch, height, width, channels).

    Args:
        channels: Number of maps.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def call(self, inputs: Tensor) -> Tensor:
        """The zeros."""
        return ops.zeros((*ops.shape(inputs)[:3], self.channels), dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with the number of maps."""
        return (*input_shape[:3], self.channels)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "channels": self.channels}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class PadToMultiple(keras.layers.Layer):
    """Adds zeros on the right and at the bottom until both sides are multiples of a number.

    Input shape: (batch, height, width, channels), height and width may be unknown.
    Output shape: that of the input with the sides rounded up.

    Args:
        multiple: What both sides become multiples of, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the multiple is below 1.
    """

    def __init__(self, multiple: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if multiple < 1:
            raise ValueError(f"multiple must be at least 1, not {multiple}")
        self.multiple = multiple

    def call(self, inputs: Tensor) -> Tensor:
        """Pads `inputs`."""
        batch, height, width, channels = ops.shape(inputs)
        rows, columns = (missing_to_multiple(side, self.multiple) for side in (height, width))
        if isinstance(rows, int) and isinstance(columns, int) and rows == columns == 0:
            return inputs
        padded = ops.pad(inputs, [(0, 0), (0, rows), (0, columns), (0, 0)])
        # A margin that is known only when a graph runs leaves no axis known, and LiteRT must know the channels.
        return ops.reshape(padded, (batch, height + rows, width + columns, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with the sides rounded up."""
        batch, *sides, channels = input_shape
        rounded = (None if side is None else side + missing_to_multiple(side, self.multiple) for side in sides)
        return (batch, *rounded, channels)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class CropLike(keras.layers.Layer):
    """Cuts off on the right and at the bottom what a map has more than another tensor.

    Input shapes: map (batch, rows, columns, channels); reference (batch, height, width, any), not larger than the map.
    Output shape: (batch, height, width, channels).
    """

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Crops `inputs` = [map, reference]."""
        x, reference = inputs
        _, height, width, _ = ops.shape(reference)
        return x[:, :height, :width]

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The map's batch and channels with the reference's height and width."""
        x, reference = input_shape
        return (x[0], *reference[1:3], x[3])
