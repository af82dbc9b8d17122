"""A correction to an image that cannot leave the range between black and white."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class LogitSum(keras.layers.Layer):
    """Sigmoid(logit(image) + correction); with a correction of 0, the image itself but for its extremes.

    Input shapes: image (batch, height, width, channels) in [0, 1], correction of the same shape.
    Output shape: the same, in (0, 1).

    Args:
        epsilon: The image is first clipped to [epsilon, 1 - epsilon], where its logit is finite; half a step of
            8 bit by default.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When `epsilon` is not between 0 and 0.5.
    """

    def __init__(self, epsilon: float = 1 / 510, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 < epsilon < 0.5:
            raise ValueError(f"epsilon must be between 0 and 0.5, not {epsilon}")
        self.epsilon = epsilon

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Corrects `inputs` = [image, correction]."""
        image, correction = inputs
        clipped = ops.clip(image, self.epsilon, 1.0 - self.epsilon)
        return ops.sigmoid(ops.log(clipped) - ops.log(1.0 - clipped) + correction)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the image."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "epsilon": self.epsilon}
