"""A weighted mean of two images with a weight per pixel."""

from __future__ import annotations

import keras

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class Blend(keras.layers.Layer):
    """Weight x first + (1 - weight) x second.

    Input shapes: first and second (batch, height, width, channels), weight (batch, height, width, 1) in [0, 1].
    Output shape: that of the first input.
    """

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Blends `inputs` = [first, second, weight]."""
        first, second, weight = inputs
        return weight * first + (1.0 - weight) * second

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the first input."""
        return tuple(input_shape[0])
