"""Multiply-accumulate operations of a network, counted in one way for all."""

from __future__ import annotations

import math

import keras

from zoo.layers.local_convolution import LocalConvolution


def count_macs(model: keras.Model, height: int = 256, width: int = 256) -> int:
    """Counts the multiply-accumulates of convolutions and matrix products for one picture.

    Biases, activations, normalisation, pooling and resizing are left out, as is usual. One multiply-accumulate is
    two floating-point operations.

    Args:
        model: A functional model with inputs (batch, height, width, channels).
        height: Picture height in pixels.
        width: Picture width in pixels.

    Returns:
        The number of multiply-accumulates per picture.
    """
    inputs = [keras.Input((height, width, tensor.shape[-1]), dtype=tensor.dtype) for tensor in model.inputs]
    fixed = keras.models.clone_model(model, input_tensors=inputs if len(inputs) > 1 else inputs[0])
    return sum(_layer_macs(layer) for layer in fixed.layers)


def _layer_macs(layer: keras.layers.Layer) -> int:
    """Returns the multiply-accumulates of one layer of a model with fixed input size."""
    if isinstance(layer, keras.layers.Conv2DTranspose):
        # Every input position meets the whole kernel once.
        return math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):
        return math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Dense):
        return math.prod(layer.output.shape[1:-1]) * math.prod(layer.kernel.shape)
    if isinstance(layer, LocalConvolution):
        return math.prod(layer.output.shape[1:]) * layer.side**2
    if isinstance(layer, keras.Model):
        return sum(_layer_macs(inner) for inner in layer.layers)
    return 0
