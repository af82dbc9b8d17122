"""What builders of several models have in common."""

from __future__ import annotations

import math
from typing import Any

from zoo.backend import Tensor, keras


def he_normal(scale: float = 1.0) -> Any:
    """He's normal initialiser with its standard deviation times `scale`."""
    return keras.initializers.VarianceScaling(2.0 * scale**2, mode="fan_in", distribution="truncated_normal")


def glorot_uniform(scale: float = 1.0) -> Any:
    """Keras' default initialiser with its range times `scale`."""
    return keras.initializers.VarianceScaling(scale**2, mode="fan_avg", distribution="uniform")


def pytorch_uniform(fan_in: int, scale: float = 1.0) -> Any:
    """PyTorch's start of a convolution's kernel and bias: uniform in +-scale / sqrt(fan-in).

    Args:
        fan_in: Numbers that one number of the result is made of.
        scale: Factor on the range.
    """
    limit = scale / math.sqrt(fan_in)
    return keras.initializers.RandomUniform(-limit, limit)


def pytorch_conv(
    x: Tensor, filters: int, size: int, name: str, scale: float = 1.0, use_bias: bool = True, **options: Any
) -> Tensor:
    """A "same" convolution that starts as PyTorch's does.

    Args:
        x: Tensor (batch, height, width, channels).
        filters: Channels of the result.
        size: Side of the kernel.
        name: Name of the layer.
        scale: Factor on the range of the initial numbers.
        use_bias: Whether it has a bias.
        **options: Arguments of Keras' convolution.
    """
    starts = _pytorch_starts("kernel", size**2 * x.shape[-1], scale, use_bias)
    return keras.layers.Conv2D(filters, size, use_bias=use_bias, name=name, **{"padding": "same", **starts, **options})(
        x
    )


def pytorch_depthwise(x: Tensor, name: str, use_bias: bool = True) -> Tensor:
    """A 3x3 convolution of every channel by itself that starts as PyTorch's does."""
    starts = _pytorch_starts("depthwise", 9, 1.0, use_bias)
    return keras.layers.DepthwiseConv2D(3, padding="same", use_bias=use_bias, name=name, **starts)(x)


def _pytorch_starts(kernel: str, fan_in: int, scale: float, use_bias: bool) -> dict[str, Any]:
    """The initialisers of a convolution by the names of Keras' arguments."""
    starts = {f"{kernel}_initializer": pytorch_uniform(fan_in, scale)}
    return starts | ({"bias_initializer": pytorch_uniform(fan_in, scale)} if use_bias else {})


def grey_tail(
    inputs: Tensor,
    x: Tensor,
    corrects: bool,
    start: Any,
    size: int = 1,
    use_bias: bool = True,
    activation: str | None = None,
) -> Tensor:
    """The last convolution of a model for grey images, in full precision.

    Args:
        inputs: The model's input (batch, height, width, copies of the grey channel).
        x: Features (batch, height, width, channels).
        corrects: Whether the convolution gives a correction that is added to the grey image, or the image itself.
        start: Initialiser of the kernel.
        size: Side of the kernel.
        use_bias: Whether a convolution that gives the image itself has a bias; a correction has one.
        activation: Activation of a convolution that gives the image itself.

    Returns:
        Tensor (batch, height, width, 1).
    """
    from zoo.layers import FirstChannels

    full = keras.config.dtype_policy().variable_dtype
    options = {"padding": "same", "kernel_initializer": start, "dtype": full}
    if not corrects:
        return keras.layers.Conv2D(1, size, activation=activation, use_bias=use_bias, name="sharp", **options)(x)
    correction = keras.layers.Conv2D(1, size, name="correction", **options)(x)
    grey = FirstChannels(1, dtype=full, name="grey")(inputs)
    return keras.layers.Add(dtype=full, name="sharp")([correction, grey])
