"""Bilinear enlargement, half-pixel centres."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Enlargement(keras.layers.Layer):
    """What layers that enlarge maps by a whole factor have in common.

    Args:
        factor: How many times as high and as wide the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1.
    """

    def __init__(self, factor: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if factor < 1:
            raise ValueError(f"factor must be at least 1, not {factor}")
        self.factor = factor

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the input's shape with the sides times the factor."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side * self.factor for side in sides), channels)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the layer."""
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class BilinearUpsample(Enlargement):
    """Enlarges maps bilinearly with half-pixel centres and clamped edges, also maps of unknown size in a graph.

    Same numbers as Keras' UpSampling2D and PyTorch's resizing with `align_corners=False`. On TensorFlow the
    interpolation itself runs in float32 whatever the dtype, as that is all its kernel computes in.

    Input shape: (batch, height, width, channels).
    Output shape: (batch, height x factor, width x factor, channels).

    Args:
        factor: How many times as high and as wide the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1.
    """

    def call(self, inputs: Any) -> Any:
        """Returns the enlarged maps."""
        _, height, width, _ = ops.shape(inputs)
        size = (height * self.factor, width * self.factor)
        if keras.backend.backend() != "tensorflow":
            return ops.image.resize(inputs, size, interpolation="bilinear")
        # Keras' resizing, and so UpSampling2D, compares the size with zero before it calls this very function, which
        # fails for a size that is known only when the graph runs. Keras operations that need no size take three times
        # as long.
        import tensorflow as tf

        return ops.cast(tf.image.resize(inputs, size), inputs.dtype)
