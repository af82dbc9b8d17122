"""Channels weighed by what their means say, and MAXIM's two residual blocks that end in it.

Source: Tu et al., "MAXIM: multi-axis MLP for image processing" (CVPR 2022), and the authors' released code, whose
scopes the layers inside are named after; the attention is that of Zhang et al., "Image super-resolution using very deep
residual channel attention networks" (ECCV 2018).
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.layers.multi_axis import Block, affine, biased, normalised_affine, tanh_gelu


class _Attending(Block):
    """What blocks with channel attention have in common.

    Args:
        reduction: The hidden layer has channels / reduction units, at least one.
        residual_scale: Factor on the initial kernels of what is added to something.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When `reduction` is not positive.
    """

    def __init__(self, reduction: int = 4, residual_scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(residual_scale, **kwargs)
        if reduction < 1:
            raise ValueError(f"reduction must be at least 1, not {reduction}")
        self.reduction = reduction

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the layers inside."""
        channels = int(input_shape[-1] or 0)
        hidden = max(1, channels // self.reduction)
        self.first_norm = self.norm(channels, "LayerNorm")
        self.squeeze = self.conv(channels, hidden, 1, "channel_attention__Conv_0", activation="relu")
        self.excite = self.conv(hidden, channels, 1, "channel_attention__Conv_1", activation="sigmoid")
        self.built = True

    def conv(
        self, channels: int, filters: int, size: int, name: str, residual: bool = False, **options: Any
    ) -> keras.layers.Conv2D:
        """A built "same" convolution."""
        options = {"padding": "same", "kernel_initializer": self.start(residual), **options}
        layer = keras.layers.Conv2D(filters, size, dtype=self.dtype_policy, name=name, **options)
        layer.build((None, None, None, channels))
        return layer

    def attended(self, x: Tensor) -> Tensor:
        """The maps, each times a number in (0, 1) found from the means of all."""
        return x * self.excite(self.squeeze(ops.mean(x, axis=(1, 2), keepdims=True)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "reduction": self.reduction}

    def attention_macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the attention's two layers."""
        return input_shape[0] * 2 * input_shape[-1] * max(1, input_shape[-1] // self.reduction)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class ConvAttention(_Attending):
    """Normalisation, two 3x3 convolutions with a LeakyReLU between, channel attention; the input is added.

    Input and output shape: (batch, height, width, channels).

    Args:
        reduction: The attention's hidden layer has channels / reduction units, at least one.
        slope: Slope of the LeakyReLU below zero.
        residual_scale: Factor on the initial kernel of the second convolution.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When `reduction` is not positive.
    """

    def __init__(self, reduction: int = 4, slope: float = 0.2, residual_scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(reduction, residual_scale, **kwargs)
        self.slope = slope

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the layers inside."""
        super().build(input_shape)
        channels = int(input_shape[-1] or 0)
        self.conv1 = self.conv(channels, channels, 3, "conv1")
        self.conv2 = self.conv(channels, channels, 3, "conv2", residual=True)

    def call(self, inputs: Tensor) -> Tensor:
        """The attended maps."""
        x = ops.leaky_relu(_convolved(self.first_norm(inputs), self.conv1), negative_slope=self.slope)
        return self.attended(_convolved(x, self.conv2)) + inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "slope": self.slope}

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the convolutions and the attention."""
        return math.prod(input_shape) * 18 * input_shape[-1] + self.attention_macs(input_shape)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class DenseAttention(_Attending):
    """Normalisation, two dense layers with a GELU between, channel attention; the input is added.

    Input and output shape: (batch, height, width, channels).

    Args:
        reduction: The attention's hidden layer has channels / reduction units, at least one.
        residual_scale: Factor on the initial kernel of the second dense layer.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When `reduction` is not positive.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the layers inside."""
        super().build(input_shape)
        channels = int(input_shape[-1] or 0)
        self.dense1 = self.dense(channels, channels, "channel_mixing__Dense_0")
        self.dense2 = self.dense(channels, channels, "channel_mixing__Dense_1", residual=True)

    def call(self, inputs: Tensor) -> Tensor:
        """The attended maps."""
        channels = inputs.shape[-1]
        x = tanh_gelu(normalised_affine(ops.reshape(inputs, (-1, channels)), self.first_norm, self.dense1))
        return self.attended(ops.reshape(affine(x, self.dense2), ops.shape(inputs))) + inputs

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the dense layers and the attention."""
        return math.prod(input_shape) * 2 * input_shape[-1] + self.attention_macs(input_shape)


def _convolved(x: Tensor, convolution: keras.layers.Conv2D) -> Tensor:
    """What a "same" convolution makes of maps, see `biased`."""
    return biased(ops.conv(x, convolution.kernel, padding="same"), convolution.bias)
