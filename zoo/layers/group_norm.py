"""Group normalisation of pictures in fewer and more exact passes than Keras'."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="deblur_zoo")
class PictureGroupNormalization(keras.layers.GroupNormalization):
    """Keras' GroupNormalization for maps with channels last, by way of the channels' statistics.

    Keras sums over three axes of a tensor of five. Here mean and variance of each channel are taken first and then
    joined within the groups, which for a group are the same numbers. On CPU that takes a third of the time, and errs
    by less than a tenth, since no sum runs over so many terms. Arguments and weights are Keras'.

    Input and output shape: (batch, height, width, channels).

    Raises:
        ValueError: When the input is not of that shape or the axis is not the last.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates scale and shift."""
        if len(input_shape) != 4 or self.axis not in (-1, 3):
            raise ValueError(
                f"maps must be (batch, height, width, channels), normalised along the last axis; got {input_shape}, "
                f"axis {self.axis}"
            )
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        """Normalises `inputs`; half-precision maps in float32."""
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        means, variances = (self._grouped(values) for values in ops.moments(x, axes=(1, 2)))
        mean, spread = ops.moments(means, axes=(2,), keepdims=True)
        # The variance of a group: within its channels on the mean, and of its channels' means.
        scale = ops.rsqrt(ops.mean(variances, axis=2, keepdims=True) + spread + self.epsilon)
        mean, scale = self._spread(mean), self._spread(scale)
        if self.scale:
            scale = scale * ops.cast(self.gamma, x.dtype)
        shift = -mean * scale
        if self.center:
            shift = shift + ops.cast(self.beta, x.dtype)
        return ops.cast(x * scale + shift, self.compute_dtype)

    def _grouped(self, values: Any) -> Any:
        """Returns (batch, groups, channels per group) of numbers per channel."""
        return ops.reshape(values, (-1, self.groups, values.shape[-1] // self.groups))

    def _spread(self, values: Any) -> Any:
        """Returns (batch, 1, 1, channels) of numbers per group."""
        channels = self.input_spec.axes[self.axis]
        return ops.reshape(ops.repeat(values, channels // self.groups, axis=2), (-1, 1, 1, channels))
