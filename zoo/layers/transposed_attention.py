"""Attention among the channels of a map."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, at_least_float32

# What PyTorch divides by at least when it normalises a vector.
_LEAST_NORM = 1e-12


@keras.saving.register_keras_serializable(package="deblur_zoo")
class TransposedAttention(keras.layers.Layer):
    """Mixes the channels of a map by how alike they are over the whole image; its cost is linear in the pixels.

    Each head has its share of neighbouring channels. Queries and keys are vectors over all pixels, one per channel,
    brought to length 1; their products times a trained temperature per head go through a softmax over the keys and
    weigh the values.

    Input shape: (batch, height, width, 3 x channels): queries, keys and values.
    Output shape: (batch, height, width, channels).

    Source: Zamir et al., "Restormer: efficient transformer for high-resolution image restoration" (CVPR 2022).

    Args:
        heads: Number of heads, which the channels must be a multiple of.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When there is no head, or the channels are not three times a multiple of the heads.
    """

    def __init__(self, heads: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if heads < 1:
            raise ValueError(f"heads must be at least 1, not {heads}")
        self.heads = heads

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the temperatures."""
        if not input_shape[-1] or input_shape[-1] % (3 * self.heads):
            raise ValueError(f"channels must be a multiple of {3 * self.heads}, not {input_shape[-1]}")
        self.temperature = self.add_weight((self.heads,), "ones", name="temperature", autocast=False)
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """The values of `inputs`, mixed."""
        batch, height, width, channels = ops.shape(inputs)
        own = channels // (3 * self.heads)
        parts = ops.reshape(inputs, (batch, height * width, 3, self.heads, own))
        # (batch, heads, pixels, channels of a head) each.
        queries, keys, values = (ops.transpose(parts[:, :, index], (0, 2, 1, 3)) for index in range(3))
        alike = ops.matmul(ops.transpose(self._directions(queries), (0, 1, 3, 2)), self._directions(keys))
        full = at_least_float32(inputs.dtype)
        scores = ops.cast(alike, full) * ops.cast(self.temperature, full)[:, None, None]
        weights = ops.cast(ops.softmax(scores, axis=-1), self.compute_dtype)
        mixed = ops.matmul(values, ops.transpose(weights, (0, 1, 3, 2)))
        return ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (batch, height, width, channels // 3))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with a third of the channels."""
        *others, channels = input_shape
        return (*others, None if channels is None else channels // 3)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Multiply-accumulates of a call: two products of every channel with those of its head, over all pixels."""
        channels = input_shape[-1] // 3
        return 2 * math.prod(input_shape[:-1]) * channels * (channels // self.heads)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "heads": self.heads}

    def _directions(self, vectors: Tensor) -> Tensor:
        """Vectors along the pixels with length 1; sums in float32 at least."""
        wide = ops.cast(vectors, at_least_float32(vectors.dtype))
        squared = ops.sum(ops.square(wide), axis=2, keepdims=True)
        # The root has no finite slope at 0; below the least norm a vector is divided by that, as PyTorch does.
        long = squared > _LEAST_NORM**2
        norm = ops.where(long, ops.sqrt(ops.where(long, squared, 1.0)), _LEAST_NORM)
        return ops.cast(wide / norm, self.compute_dtype)
