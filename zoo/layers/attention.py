"""Attention over channels and over pixels, as in CBAM."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class ChannelAttention(keras.layers.Layer):
    """Weighs every channel by a number in (0, 1) found from its mean and its maximum over the image.

    Means and maxima go through the same two-layer perceptron, whose results are added; the sigmoid of the sum is the
    weight.

    Input and output shape: (batch, height, width, channels).

    Source: Woo et al., "CBAM: convolutional block attention module" (2018).

    Args:
        reduction: The hidden layer has channels / reduction units, at least one.
        slope: Slope of the hidden layer's LeakyReLU below zero; 0 is the ReLU of CBAM.
        use_bias: Whether the two layers have biases.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When `reduction` is not positive.
    """

    def __init__(self, reduction: int = 16, slope: float = 0.0, use_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if reduction < 1:
            raise ValueError(f"reduction must be at least 1, not {reduction}")
        self.reduction = reduction
        self.slope = slope
        self.use_bias = use_bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the perceptron."""
        channels = input_shape[-1] or 0
        hidden = max(1, channels // self.reduction)
        options = {"use_bias": self.use_bias, "dtype": self.dtype_policy}
        self.squeeze = keras.layers.Dense(hidden, kernel_initializer="he_normal", name="squeeze", **options)
        self.excite = keras.layers.Dense(channels, name="excite", **options)
        self.squeeze.build((None, 2, channels))
        self.excite.build((None, 2, hidden))
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Weighs the channels of `inputs`."""
        # Both pooled vectors share one pass through the perceptron.
        pooled = ops.stack([ops.mean(inputs, axis=(1, 2)), ops.max(inputs, axis=(1, 2))], axis=1)
        hidden = ops.leaky_relu(self.squeeze(pooled), negative_slope=self.slope)
        weights = ops.sigmoid(ops.sum(self.excite(hidden), axis=1))
        return inputs * weights[:, None, None, :]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        own = {"reduction": self.reduction, "slope": self.slope, "use_bias": self.use_bias}
        return {**super().get_config(), **own}

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the two vectors' way through the perceptron."""
        batch, channels = input_shape[0], input_shape[-1]
        return batch * 2 * 2 * channels * max(1, channels // self.reduction)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class SpatialAttention(keras.layers.Layer):
    """Weighs every pixel by a number in (0, 1) found from the maximum and the mean over its channels.

    The two maps (maximum first) go through one "same" convolution to a single map and a sigmoid.

    Input and output shape: (batch, height, width, channels).

    Source: Woo et al., "CBAM: convolutional block attention module" (2018).

    Args:
        kernel_size: Side of the convolution's kernel.
        use_bias: Whether the convolution has a bias.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, kernel_size: int = 7, use_bias: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kernel_size = kernel_size
        self.use_bias = use_bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the convolution."""
        self.convolution = keras.layers.Conv2D(
            1,
            self.kernel_size,
            padding="same",
            use_bias=self.use_bias,
            activation="sigmoid",
            dtype=self.dtype_policy,
            name="convolution",
        )
        self.convolution.build((*input_shape[:3], 2))
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """Weighs the pixels of `inputs`."""
        pooled = [ops.max(inputs, axis=-1, keepdims=True), ops.mean(inputs, axis=-1, keepdims=True)]
        return inputs * self.convolution(ops.concatenate(pooled, axis=-1))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "kernel_size": self.kernel_size, "use_bias": self.use_bias}

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the convolution."""
        return math.prod(input_shape[:-1]) * 2 * self.kernel_size**2
