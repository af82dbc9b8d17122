"""A sum whose second term is weighed channel by channel."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class ScaledSum(keras.layers.Layer):
    """A map plus `scale` times a change of it; `scale` has one trained number per channel.

    With the scale at zero, where trainings begin, the change counts for nothing.

    Input shapes: twice (batch, height, width, channels).
    Output shape: (batch, height, width, channels).

    Source: Touvron et al., "Going deeper with image transformers" (ICCV 2021; LayerScale), as in NAFNet.

    Args:
        start: The scale of every channel at the start.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, start: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes the scale."""
        start = keras.initializers.Constant(self.start)
        self.scale = self.add_weight((input_shape[1][-1],), start, name="scale")
        self.built = True

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Adds `inputs` = [map, change] up."""
        x, change = inputs
        return x + change * ops.convert_to_tensor(self.scale)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The map's shape."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "start": self.start}
