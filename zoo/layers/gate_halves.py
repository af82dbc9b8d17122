"""A gate of a map by itself."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor

ACTIVATIONS = ("linear", "gelu")


@keras.saving.register_keras_serializable(package="deblur_zoo")
class GateHalves(keras.layers.Layer):
    """The first half of the channels, activated, times the second half.

    Input shape: (batch, height, width, 2 x channels).
    Output shape: (batch, height, width, channels).

    Source: Chen et al., "Simple baselines for image restoration" (ECCV 2022; linear), and Zamir et al., "Restormer"
    (CVPR 2022; gelu), after Dauphin et al., "Language modeling with gated convolutional networks" (ICML 2017).

    Args:
        activation: Activation of the first half: `"linear"` for none, or `"gelu"`, the exact one by the error function.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: For another activation, and for an odd number of channels.
    """

    def __init__(self, activation: str = "linear", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation must be {' or '.join(map(repr, ACTIVATIONS))}, not {activation!r}")
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the number of channels."""
        if not input_shape[-1] or input_shape[-1] % 2:
            raise ValueError(f"channels must be an even number, not {input_shape[-1]}")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """The gated half."""
        first, second = ops.split(inputs, 2, axis=-1)
        if self.activation == "gelu":
            # Not Keras' own, which in double precision has a constant of single precision on TensorFlow.
            first = 0.5 * first * (1.0 + ops.erf(first * math.sqrt(0.5)))
        return first * second

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with half the channels."""
        *others, channels = input_shape
        return (*others, None if channels is None else channels // 2)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "activation": self.activation}
