"""Convolution whose kernels are standardised before use."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class StandardisedConv2D(keras.layers.Conv2D):
    """Conv2D with weight standardisation.

    From the kernel of every output filter its mean over (height, width, input channels) is subtracted; the rest is
    divided by sqrt(unbiased variance + 1e-12) + 1e-5. The stored kernel stays raw. Standardisation runs in the dtype
    of the weights, also under mixed precision, and only its result is cast. Arguments, input and output shapes are
    those of `keras.layers.Conv2D`.

    Source: Qiao et al., "Micro-batch training with batch-channel normalization and weight standardization" (2019);
    the two small numbers are those of the public FBA matting code.

    Raises:
        ValueError: When a filter has a single weight, whose variance is not defined.
    """

    def add_weight(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a weight; the kernel is kept from being cast before its statistics are taken."""
        if kwargs.get("name") == "kernel":
            kwargs["autocast"] = False
        return super().add_weight(*args, **kwargs)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the weights."""
        super().build(input_shape)
        if self.kernel.shape[0] * self.kernel.shape[1] * self.kernel.shape[2] < 2:
            raise ValueError("a filter with a single weight cannot be standardised; take a larger kernel or more maps")

    def convolution_op(self, inputs: Tensor, kernel: Tensor) -> Tensor:
        """Convolves `inputs` with the standardised kernel."""
        return super().convolution_op(inputs, ops.cast(_standardised(kernel), inputs.dtype))


def _standardised(kernel: Tensor) -> Tensor:
    """The kernel (height, width, in, out) with mean 0 and deviation 1 over each output filter."""
    rows, columns, channels, filters = kernel.shape
    weights = rows * columns * channels
    # One matrix: its columns are the filters, so that both sums run over a single leading axis.
    flat = ops.reshape(kernel, (weights, filters))
    centred = flat - ops.mean(flat, axis=0, keepdims=True)
    variance = ops.sum(ops.square(centred), axis=0, keepdims=True) / (weights - 1)
    return ops.reshape(centred / (ops.sqrt(variance + 1e-12) + 1e-5), kernel.shape)
