"""A correction to a picture that cannot leave the range between black and white."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="deblur_zoo")
class LogitSum(keras.layers.Layer):
    """Returns sigmoid(logit(picture) + correction); with a correction of 0, the picture itself but for its extremes.

    Input shapes: picture (batch, height, width, channels) in [0, 1], correction of the same shape.
    Output shape: the same, in (0, 1).

    Args:
        epsilon: The picture is first clipped to [epsilon, 1 - epsilon], where its logit is finite; half a step of
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

    def call(self, inputs: list[Any]) -> Any:
        """Corrects `inputs` = [picture, correction]."""
        picture, correction = inputs
        clipped = ops.clip(picture, self.epsilon, 1.0 - self.epsilon)
        return ops.sigmoid(ops.log(clipped) - ops.log(1.0 - clipped) + correction)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Returns the shape of the picture."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the layer."""
        return {**super().get_config(), "epsilon": self.epsilon}
