"""Pixel shuffle and back: channels become pixels, pixels become channels."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class PixelShuffle(keras.layers.Layer):
    """Spreads groups of factor^2 neighbouring channels over cells of factor x factor pixels.

    Channel c x factor^2 + i x factor + j becomes row i, column j of channel c: PyTorch's order, which keeps the
    channels of one result together. (TensorFlow's depth-to-space keeps the channels of one position together.)

    Input shape: (batch, height, width, channels x factor^2).
    Output shape: (batch, height x factor, width x factor, channels).

    Source: Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network" (CVPR 2016).

    Args:
        factor: Side of the cells, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1, or the channels are not a multiple of its square.
    """

    def __init__(self, factor: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if factor < 1:
            raise ValueError(f"factor must be at least 1, not {factor}")
        self.factor = factor

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the number of channels."""
        if not input_shape[-1] or input_shape[-1] % self.factor**2:
            raise ValueError(f"channels must be a multiple of {self.factor**2}, not {input_shape[-1]}")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """The shuffled tensor."""
        # One transposition of six axes: measured faster than depth-to-space, stacking or gathering, also backwards.
        factor, channels = self.factor, inputs.shape[-1] // self.factor**2
        batch, height, width, _ = ops.shape(inputs)
        cells = ops.reshape(inputs, (batch, height, width, channels, factor, factor))
        rows = ops.transpose(cells, (0, 1, 4, 2, 5, 3))
        return ops.reshape(rows, (batch, height * factor, width * factor, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The sides times the factor and the channels divided by its square."""
        batch, height, width, channels = input_shape
        sides = [None if side is None else side * self.factor for side in (height, width)]
        return (batch, *sides, None if channels is None else channels // self.factor**2)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class PixelUnshuffle(keras.layers.Layer):
    """Gathers cells of factor x factor pixels into neighbouring channels: `PixelShuffle` undone.

    Row i, column j of a cell of channel c becomes channel c x factor^2 + i x factor + j, PyTorch's order.

    Input shape: (batch, height x factor, width x factor, channels).
    Output shape: (batch, height, width, channels x factor^2).

    Source: as `PixelShuffle`.

    Args:
        factor: Side of the cells, at least 1, which both sides must be multiples of.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1, or a known side is not a multiple of it.
    """

    def __init__(self, factor: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if factor < 1:
            raise ValueError(f"factor must be at least 1, not {factor}")
        self.factor = factor

    def call(self, inputs: Tensor) -> Tensor:
        """The gathered tensor."""
        factor = self.factor
        batch, height, width, channels = ops.shape(inputs)
        cells = ops.reshape(inputs, (batch, height // factor, factor, width // factor, factor, channels))
        gathered = ops.transpose(cells, (0, 1, 3, 5, 2, 4))
        return ops.reshape(gathered, (batch, height // factor, width // factor, channels * factor**2))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The sides divided by the factor and the channels times its square."""
        batch, height, width, channels = input_shape
        for side in (height, width):
            if side is not None and side % self.factor:
                raise ValueError(f"sides must be multiples of {self.factor}, not {side}")
        sides = [None if side is None else side // self.factor for side in (height, width)]
        return (batch, *sides, None if channels is None else channels * self.factor**2)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "factor": self.factor}
