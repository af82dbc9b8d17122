"""Multiply-accumulate operations of a model, counted in one way for all."""

from __future__ import annotations

import math
from typing import Any

import keras

COUNTED_SIDE = 256
"""Side of the image that multiply-accumulates are counted on."""


def count_macs(model: keras.Model, height: int = COUNTED_SIDE, width: int = COUNTED_SIDE) -> int:
    """Counts the multiply-accumulates of convolutions and matrix products for one image.

    Biases, activations, normalisation, pooling and resizing are left out, as is usual. One multiply-accumulate is
    two floating-point operations.

    Args:
        model: A functional model with inputs (batch, height, width, channels).
        height: Image height in pixels.
        width: Image width in pixels.

    Returns:
        The number of multiply-accumulates per image.

    >>> import zoo
    >>> count_macs(zoo.create("carlo", "tiny", filters=4), 32, 32)
    1300320
    """
    return sum(_layer_macs(layer) for layer in at_size(model, height, width).layers)


def count_parameters(model: keras.Model) -> int:
    """The number of a model's trainable parameters.

    A layer around a graph that is not Keras' says how many there are inside it with an attribute `parameters_inside`.
    """
    within = sum(getattr(layer, "parameters_inside", 0) for layer in model.layers)
    return within + sum(math.prod(weight.shape) for weight in model.trainable_weights)


def at_size(model: keras.Model, height: int, width: int) -> keras.Model:
    """A copy of a functional model, with weights of its own, for one image of a fixed size: all its shapes are known.

    Args:
        model: A functional model with inputs (batch, height, width, channels).
        height: Image height in pixels.
        width: Image width in pixels.
    """
    inputs = [
        # A blur step has one number per image, not one per pixel.
        keras.Input(batch_shape=(1, *((height, width) if len(tensor.shape) == 4 else ()), tensor.shape[-1]))
        for tensor in model.inputs
    ]
    return keras.models.clone_model(model, input_tensors=inputs if len(inputs) > 1 else inputs[0])


def _layer_macs(layer: keras.layers.Layer) -> int:
    """The multiply-accumulates of all calls of one layer, in a model with inputs of fixed size."""
    if isinstance(layer, keras.Model):
        return sum(_layer_macs(inner) for node in layer._inbound_nodes for inner in as_called(layer, node).layers)
    return sum(_call_macs(layer, node) for node in layer._inbound_nodes)


def as_called(model: keras.Model, node: Any) -> keras.Model:
    """A copy of a functional model inside another one for the sizes that it is called with there.

    Args:
        model: The inner model.
        node: The call.
    """
    inputs = [keras.Input(batch_shape=tensor.shape) for tensor in node.input_tensors]
    return keras.models.clone_model(model, input_tensors=inputs if len(inputs) > 1 else inputs[0])


def _call_macs(layer: keras.layers.Layer, node: Any) -> int:
    """The multiply-accumulates of one call of a layer.

    Shapes count with their batch axis: a layer that works on the tiles of an image finds them there.
    """
    positions = math.prod(node.output_tensors[0].shape[:-1])
    if hasattr(layer, "macs"):
        # A layer of ours that computes more than Keras' layers show.
        return layer.macs(tuple(node.input_tensors[0].shape))
    if isinstance(layer, keras.layers.Conv2DTranspose):
        # Every input position meets the whole kernel once.
        return math.prod(node.input_tensors[0].shape[:-1]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.SeparableConv2D):
        return positions * (math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape))
    if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)):
        return positions * math.prod(layer.kernel.shape)
    return 0
