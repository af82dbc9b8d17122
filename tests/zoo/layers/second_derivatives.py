"""Second derivatives of every layer beside finite differences, in float64; run as a process per backend, or imported.

Of f(p) = sum(a sin(layer(inputs))), p all inputs and weights in one vector, the product of the second derivatives with
a direction v is what a gradient penalty needs: the gradient of (gradient of f) . v. Along another direction u it must
be the slope of (gradient of f) . v, and (gradient of f) . v itself the slope of f along v.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

if __name__ == "__main__" and os.environ.get("KERAS_BACKEND") == "jax":
    os.environ["JAX_ENABLE_X64"] = "1"

import keras
import numpy as np
from keras import ops

from tests.support import torch_kernels
from zoo import layers
from zoo.backend import input_gradient

MAPS = (2, 4, 6, 4)
STEP = 1e-5


@dataclass(frozen=True)
class Case:
    """A layer, the shapes of what it takes, and whether it takes them as a list."""

    make: Callable[[], keras.layers.Layer]
    shapes: tuple[tuple[int, ...], ...] = (MAPS,)


def _case(name, *arguments, shapes=(MAPS,), **options):
    return Case(lambda: getattr(layers, name)(*arguments, dtype="float64", **options), shapes)


# More than one case of a layer where it computes in more than one way.
CASES = {
    "AdaptiveAveragePool": [_case("AdaptiveAveragePool", 3)],
    "AlignedUpsample": [_case("AlignedUpsample", 2), _case("AlignedUpsample", 3)],
    "BatchNorm": [_case("BatchNorm")],
    "BilinearShrink": [_case("BilinearShrink", 2)],
    "BilinearUpsample": [_case("BilinearUpsample", 2)],
    "Blend": [_case("Blend", shapes=(MAPS, MAPS, (2, 4, 6, 1)))],
    "ChannelAttention": [_case("ChannelAttention", 2, slope=0.2)],
    "CropLike": [_case("CropLike", shapes=((2, 6, 8, 4), MAPS))],
    "DeviationNorm": [_case("DeviationNorm")],
    "FirstChannels": [_case("FirstChannels", 2)],
    "GateHalves": [_case("GateHalves"), _case("GateHalves", "gelu")],
    "ConvAttention": [_case("ConvAttention", 2)],
    "CrossGating": [_case("CrossGating", 2, shapes=(MAPS, MAPS))],
    "DenseAttention": [_case("DenseAttention", 2)],
    "GatedMixing": [_case("GatedMixing", 2), _case("GatedMixing", 2, across=True)],
    "GateTile": [_case("GateTile", 2, 0, shapes=(MAPS, MAPS))],
    "IndexedPooling": [_case("IndexedPooling", shapes=(MAPS, *[(2, 2, 3, 4)] * 4))],
    "IndexedUnpooling": [_case("IndexedUnpooling", shapes=((2, 2, 3, 4),) * 5)],
    "InstanceNormalization": [
        _case("InstanceNormalization"),
        _case("InstanceNormalization", affine=True, running_statistics=True),
    ],
    "LayerNorm": [
        _case("LayerNorm"),
        _case("LayerNorm", axis=[1, 2, 3], epsilon=1e-5, center=False, scale=False),
    ],
    "LocalConvolution": [_case("LocalConvolution", 3, shapes=((2, 4, 5, 2), (2, 4, 5, 9)))],
    "LocalMean": [_case("LocalMean", 3), _case("LocalMean", (5, 2)), _case("LocalMean", 3, "global")],
    "LogitSum": [_case("LogitSum", shapes=(MAPS, MAPS))],
    "MedianFilter": [_case("MedianFilter", 3), _case("MedianFilter", 3, padding="constant", sharing=False)],
    "MiddleFrame": [_case("MiddleFrame", 2, shapes=((2, 4, 6, 6),))],
    "MultiAxisGating": [_case("MultiAxisGating", 2)],
    "MultiAxisMlp": [_case("MultiAxisMlp", 2)],
    "ImageGroupNormalization": [_case("ImageGroupNormalization", 2)],
    "PadToMultiple": [_case("PadToMultiple", 5)],
    "NearestShrink": [_case("NearestShrink", 2)],
    "PatchMixing": [_case("PatchMixing", 2, offset=1.0), _case("PatchMixing", 2, across=True)],
    "PixelShuffle": [_case("PixelShuffle", 2)],
    "PixelUnshuffle": [_case("PixelUnshuffle", 2)],
    "ReflectionPadding2D": [_case("ReflectionPadding2D", 2)],
    "RepeatEdges": [
        _case("RepeatEdges", shapes=((2, 3, 1, 4), MAPS)),
        _case("RepeatEdges", shapes=((2, 2, 3, 4), MAPS)),
    ],
    "ResizeLike": [_case("ResizeLike", shapes=((2, 2, 3, 4), MAPS))],
    "ScaledSum": [_case("ScaledSum", shapes=(MAPS, MAPS))],
    "SharedPReLU": [_case("SharedPReLU")],
    "SizeMultiple": [_case("SizeMultiple", 2, "model")],
    "SpatialAttention": [_case("SpatialAttention", 3)],
    "StandardisedConv2D": [_case("StandardisedConv2D", 3, 3)],
    "Tiles": [_case("Tiles", 2, 3)],
    "TransposedAttention": [_case("TransposedAttention", 2, shapes=((2, 4, 5, 12),))],
    "Untile": [_case("Untile", 1, 2)],
    "WienerDeconvolution": [_case("WienerDeconvolution", 0.01, shapes=((2, 6, 7, 2), (2, 3, 5, 1)))],
    "ZeroMaps": [_case("ZeroMaps", 2)],
}

KERAS_SHAPES = {"Add": (MAPS,) * 2, "Concatenate": (MAPS,) * 2, "Multiply": (MAPS,) * 2}


def _keras_case(name, *arguments, **options):
    return Case(
        lambda: getattr(keras.layers, name)(*arguments, dtype="float64", **options), KERAS_SHAPES.get(name, (MAPS,))
    )


# The layers of Keras that the models consist of.
KERAS_CASES = {
    "Activation": [_keras_case("Activation", name) for name in ("sigmoid", "selu", "tanh", "elu")],
    "Add": [_keras_case("Add")],
    "AveragePooling2D": [_keras_case("AveragePooling2D", 2)],
    "Concatenate": [_keras_case("Concatenate")],
    "Conv2D": [_keras_case("Conv2D", 3, 3, strides=2, padding="same"), _keras_case("Conv2D", 3, 2, dilation_rate=2)],
    "Conv2DTranspose": [_keras_case("Conv2DTranspose", 3, 3, strides=2, padding="same")],
    "Cropping2D": [_keras_case("Cropping2D", 1)],
    "Dense": [_keras_case("Dense", 3)],
    "DepthwiseConv2D": [_keras_case("DepthwiseConv2D", 3)],
    "Dropout": [_keras_case("Dropout", 0.5, seed=3)],
    "GlobalAveragePooling2D": [_keras_case("GlobalAveragePooling2D", keepdims=True)],
    "LeakyReLU": [_keras_case("LeakyReLU", 0.3)],
    "MaxPooling2D": [_keras_case("MaxPooling2D", 2)],
    "Multiply": [_keras_case("Multiply")],
    "ReLU": [_keras_case("ReLU", 6.0)],
    "Rescaling": [_keras_case("Rescaling", 2.0, -1.0)],
    "Reshape": [_keras_case("Reshape", (6, 4, 4))],
    "UpSampling2D": [_keras_case("UpSampling2D", 2)],
    "ZeroPadding2D": [_keras_case("ZeroPadding2D", 1)],
}


def fresh(case, seed=0):
    """The built layer and the numbers of its inputs and trainable weights, one vector; the shapes of all of them."""
    rng = np.random.default_rng(seed)
    layer = case.make()
    # Inside (0, 1), where no layer has a corner that random numbers meet.
    inputs = [rng.uniform(0.1, 0.9, shape) for shape in case.shapes]
    if not layer.built:
        layer.build(case.shapes[0] if len(case.shapes) == 1 else list(case.shapes))
    weights = [rng.normal(0.4, 0.3, variable.shape) for variable in layer.trainable_variables]
    values = [*inputs, *weights]
    return layer, np.concatenate([value.ravel() for value in values]), [value.shape for value in values]


def function_of(layer, shapes, count):
    """f of the vector of all inputs and weights; the layer's state stays as it is."""
    state = [ops.convert_to_tensor(variable) for variable in layer.non_trainable_variables]

    def f(vector):
        parts, start = [], 0
        for shape in shapes:
            size = math.prod(shape)
            parts.append(ops.reshape(vector[start : start + size], shape))
            start += size
        inputs = parts[0] if count == 1 else parts[:count]
        options = {"training": True} if layer._call_has_training_arg else {}
        outputs, _ = layer.stateless_call(parts[count:], state, inputs, **options)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return sum(ops.sum(_weights(output) * ops.sin(output)) for output in outputs)

    return f


def _weights(output):
    """Fixed numbers that differ from place to place, in the shape of an output."""
    shape = [int(side) for side in output.shape]
    return ops.convert_to_tensor(np.random.default_rng(5).uniform(-1, 1, shape), "float64")


def errors(case, compiled=False):
    """Errors of the first and of the second derivative, each relative to the larger of the two numbers compared.

    Args:
        case: What to check.
        compiled: Whether to compute them in one graph of TensorFlow or JAX.
    """
    layer, start, shapes = fresh(case)
    rng = np.random.default_rng(1)
    u, v = (rng.normal(0, 1, start.shape) for _ in range(2))
    f = function_of(layer, shapes, len(case.shapes))

    def along(vector):
        return ops.sum(input_gradient(f, vector) * ops.convert_to_tensor(v))

    def values(vector):
        return f(vector), along(vector), input_gradient(along, vector)

    if compiled:
        values = _compiled(values)
    at = {sign: _numbers(values, start + STEP * move) for sign, move in {"+v": v, "-v": -v, "+u": u, "-u": -u}.items()}
    _, first, gradient = _numbers(values, start)
    return (
        _relative(first, (at["+v"][0] - at["-v"][0]) / (2 * STEP)),
        _relative(gradient @ u, (at["+u"][1] - at["-u"][1]) / (2 * STEP)),
    )


def _compiled(function):
    """A function as one graph; JAX without it compiles every operation of every case by itself."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function)


def _numbers(function, vector):
    """What a function of a vector gives, as NumPy arrays."""
    return [ops.convert_to_numpy(value) for value in function(ops.convert_to_tensor(vector))]


def _relative(exact, difference):
    # Both are 0 where nothing depends on the input.
    return abs(exact - difference) / max(abs(exact), abs(difference), 1e-4)


def all_errors():
    """The errors of every case by name."""
    every = CASES | KERAS_CASES
    compiled = keras.backend.backend() == "jax"
    return {
        f"{name}.{index}": errors(case, compiled) for name, cases in every.items() for index, case in enumerate(cases)
    }


def _let_the_backend_compute_in_float64():
    """Outside TensorFlow Keras' own operations round float64 to float32 and kernels lie in another order in memory."""
    from keras.src.backend.common import dtypes

    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
    if keras.backend.backend() == "torch":
        torch_kernels.in_one_piece()


if __name__ == "__main__":
    _let_the_backend_compute_in_float64()
    print(json.dumps(all_errors()), file=sys.stdout)
