"""Perceptrons that mix the channels of every pixel, the pixels of blocks and the cells of a grid in turn: MAXIM's.

Source: Tu et al., "MAXIM: multi-axis MLP for image processing" (CVPR 2022), and the authors' released code, whose
scopes the layers inside are named after.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, at_least_float32
from zoo.layers.normalisation import LayerNorm
from zoo.layers.patch_mixing import PatchMixing

# Batch, height and width of maps whose pixels lie one below the other.
Sides = tuple[Any, Any, Any]


def biased(x: Tensor, bias: Tensor) -> Tensor:
    """The sum of maps and a number per channel.

    TensorFlow's own addition of a bias is what its graph optimiser joins with the product or convolution before it and
    the activation behind it: with GELU that takes a third of the time.

    Args:
        x: Tensor (..., channels).
        bias: Tensor (channels,).
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.nn.bias_add(x, tf.convert_to_tensor(bias, x.dtype))
    return x + bias


def affine(x: Tensor, dense: keras.layers.Dense) -> Tensor:
    """What a dense layer makes of pixels (pixels, channels)."""
    return biased(ops.matmul(x, dense.kernel), dense.bias)


def tanh_gelu(x: Tensor) -> Tensor:
    """GELU with a tangent, x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which is what Flax calls GELU."""
    return ops.gelu(x, approximate=True)


class Block(keras.layers.Layer):
    """What layers that consist of others and keep the shape of a map have in common.

    Args:
        residual_scale: Factor on the initial kernels of what is added to something.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, residual_scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.residual_scale = residual_scale

    def start(self, residual: bool) -> Any:
        """Flax's default initialiser, smaller for what is added to something."""
        scale = self.residual_scale if residual else 1.0
        return keras.initializers.VarianceScaling(scale**2, mode="fan_in", distribution="truncated_normal")

    def dense(self, channels: int, units: int, name: str, residual: bool = False) -> keras.layers.Dense:
        """A built dense layer along the channels."""
        layer = keras.layers.Dense(units, kernel_initializer=self.start(residual), dtype=self.dtype_policy, name=name)
        layer.build((None, None, None, channels))
        return layer

    def norm(self, channels: int, name: str) -> LayerNorm:
        """A built normalisation over the channels of every pixel."""
        layer = LayerNorm(epsilon=1e-6, dtype=self.dtype_policy, name=name)
        layer.build((None, None, None, channels))
        return layer

    def call(self, inputs: Tensor) -> Tensor:
        """The layer's result for maps (batch, height, width, channels)."""
        batch, height, width, channels = ops.shape(inputs)
        pixels = ops.reshape(inputs, (-1, channels))
        return ops.reshape(self.flat(pixels, (batch, height, width)), (batch, height, width, channels))

    def flat(self, x: Tensor, sides: Sides) -> Tensor:
        """The layer's result for pixels one below the other, (batch x height x width, channels).

        Most of what blocks do is done to each pixel, and takes the fewest operations on such a matrix.
        """
        raise NotImplementedError

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "residual_scale": self.residual_scale}


class _Mixing(Block):
    """What layers that mix over blocks or grids of one size have in common.

    Args:
        size: Side of the blocks in pixels, and of the grid in cells.
        residual_scale: Factor on the initial kernels of what is added to something.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, size: int, residual_scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(residual_scale, **kwargs)
        self.size = size

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class GatedMixing(_Mixing):
    """A perceptron along one axis: half of its channels, mixed within blocks or across a grid, gate the other half.

    Normalisation, a dense layer to twice the channels, GELU; the second half is normalised and mixed by `PatchMixing`
    and, with 1 added, multiplied with the first; a dense layer; the input is added.

    Input and output shape: (batch, height, width, channels), both sides multiples of the size.

    Args:
        size: Side of the blocks in pixels, or of the grid in cells.
        across: Whether it is the cells of a grid that are mixed.
        residual_scale: Factor on the initial kernels of what is added to something.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, size: int, across: bool = False, residual_scale: float = 1.0, **kwargs: Any) -> None:
        super().__init__(size, residual_scale, **kwargs)
        self.across = across

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the layers inside."""
        channels = int(input_shape[-1] or 0)
        unit = "GridGatingUnit" if self.across else "BlockGatingUnit"
        self.first_norm = self.norm(channels, "LayerNorm")
        self.widen = self.dense(channels, 2 * channels, "in_project")
        self.gate_norm = self.norm(channels, f"{unit}__intermediate_layernorm")
        # The gate is 1 plus what is mixed, so that a fresh one lets nearly everything pass.
        self.mixing = PatchMixing(
            self.size, self.across, 1.0, self.start(True), dtype=self.dtype_policy, name=f"{unit}__Dense_0"
        )
        self.mixing.build((*input_shape[:3], channels))
        self.narrow = self.dense(channels, channels, "out_project", residual=True)
        self.built = True

    def flat(self, x: Tensor, sides: Sides) -> Tensor:
        """The gated pixels."""
        values, gate = _activated_halves(x, self.first_norm, self.widen)
        return affine(values * self.mixing.flat(self.gate_norm(gate), sides), self.narrow) + x

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "across": self.across}

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the dense layers and the mixing."""
        return math.prod(input_shape) * (3 * input_shape[-1] + self.size**2)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class MultiAxisMlp(_Mixing):
    """Multi-axis gated perceptron: half of its channels see across the whole map, half within blocks.

    Normalisation, a dense layer to twice the channels, GELU; one half goes through a `GatedMixing` across a grid, the
    other through one within blocks; a dense layer back to the channels; the input is added.

    Input and output shape: (batch, height, width, channels), both sides multiples of the size.

    Args:
        size: Side of the blocks in pixels and of the grid in cells.
        residual_scale: Factor on the initial kernels of what is added to something.
        **kwargs: Keras' layer arguments.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the layers inside."""
        channels = int(input_shape[-1] or 0)
        options = {"residual_scale": self.residual_scale, "dtype": self.dtype_policy}
        self.first_norm = self.norm(channels, "LayerNorm_in")
        self.widen = self.dense(channels, 2 * channels, "in_project")
        self.grid = GatedMixing(self.size, True, name="GridGmlpLayer", **options)
        self.block = GatedMixing(self.size, False, name="BlockGmlpLayer", **options)
        for mixing in (self.grid, self.block):
            mixing.build((*input_shape[:3], channels))
        self.narrow = self.dense(2 * channels, channels, "out_project", residual=True)
        self.built = True

    def flat(self, x: Tensor, sides: Sides) -> Tensor:
        """The mixed pixels."""
        far, near = _activated_halves(x, self.first_norm, self.widen)
        return _joined(self.grid.flat(far, sides), self.block.flat(near, sides), self.narrow) + x

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the dense layers and both mixings."""
        return math.prod(input_shape) * (4 * input_shape[-1] + 2 * (3 * input_shape[-1] + self.size**2))


@keras.saving.register_keras_serializable(package="deblur_zoo")
class MultiAxisGating(_Mixing):
    """Weights to gate another map with: half of the channels see across the whole map, half within blocks.

    Normalisation, a dense layer to twice the channels, GELU; one half is mixed across a grid, the other within blocks;
    a dense layer back to the channels.

    Input and output shape: (batch, height, width, channels), both sides multiples of the size.

    Args:
        size: Side of the blocks in pixels and of the grid in cells.
        residual_scale: Factor on the initial kernels of the mixings.
        **kwargs: Keras' layer arguments.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the layers inside."""
        channels = int(input_shape[-1] or 0)
        self.first_norm = self.norm(channels, "LayerNorm_in")
        self.widen = self.dense(channels, 2 * channels, "in_project")
        self.grid, self.block = (
            PatchMixing(self.size, across, 0.0, self.start(True), "ones", dtype=self.dtype_policy, name=name)
            for across, name in ((True, "Dense_0"), (False, "Dense_1"))
        )
        for mixing in (self.grid, self.block):
            mixing.build((*input_shape[:3], channels))
        self.narrow = self.dense(2 * channels, channels, "out_project")
        self.built = True

    def flat(self, x: Tensor, sides: Sides) -> Tensor:
        """The weights."""
        far, near = _activated_halves(x, self.first_norm, self.widen)
        return _joined(self.grid.flat(far, sides), self.block.flat(near, sides), self.narrow)

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the dense layers and both mixings."""
        return math.prod(input_shape) * (4 * input_shape[-1] + 2 * self.size**2)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class CrossGating(_Mixing):
    """Two maps that gate each other.

    Each is normalised and goes through a dense layer and GELU; each of the results is multiplied with the weights that
    `MultiAxisGating` finds in the other, goes through another dense layer, and its input is added; the second result is
    added to the first, too.

    Input shapes: x and y, (batch, height, width, channels) each, both sides multiples of the size.
    Output shapes: the same.

    Args:
        size: Side of the blocks in pixels and of the grid in cells.
        residual_scale: Factor on the initial kernels of what is added to something.
        **kwargs: Keras' layer arguments.
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Creates the layers inside."""
        channels = int(input_shape[0][-1] or 0)
        options = {"residual_scale": self.residual_scale, "dtype": self.dtype_policy}
        self.norms = [self.norm(channels, f"LayerNorm_{key}") for key in "xy"]
        self.first = [self.dense(channels, channels, f"in_project_{key}") for key in "xy"]
        self.gates = [MultiAxisGating(self.size, name=f"SplitHeadMultiAxisGating_{key}", **options) for key in "xy"]
        for gate in self.gates:
            gate.build(tuple(input_shape[0]))
        self.last = [self.dense(channels, channels, f"out_project_{key}", residual=True) for key in "xy"]
        self.built = True

    def call(self, inputs: list[Tensor]) -> list[Tensor]:
        """Gates `inputs` = [x, y]."""
        batch, height, width, channels = ops.shape(inputs[0])
        sides = (batch, height, width)
        shortcuts = [ops.reshape(each, (-1, channels)) for each in inputs]
        x, y = (
            tanh_gelu(normalised_affine(each, norm, first))
            for each, norm, first in zip(shortcuts, self.norms, self.first, strict=True)
        )
        of_x, of_y = self.gates[0].flat(x, sides), self.gates[1].flat(y, sides)
        y = affine(y * of_x, self.last[1]) + shortcuts[1]
        x = affine(x * of_y, self.last[0]) + y + shortcuts[0]
        return [ops.reshape(each, (batch, height, width, channels)) for each in (x, y)]

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> list[tuple[int | None, ...]]:
        """The inputs' shapes."""
        return [tuple(shape) for shape in input_shape]

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the dense layers and the gates; `input_shape` is that of x."""
        return math.prod(input_shape) * (4 * input_shape[-1] + 2 * (4 * input_shape[-1] + 2 * self.size**2))


def normalised_affine(x: Tensor, norm: LayerNorm, dense: keras.layers.Dense) -> Tensor:
    """What a dense layer makes of normalised pixels (pixels, channels)."""
    kernel, bias = _folded(norm, dense)
    return biased(ops.matmul(_standardised(x, norm), kernel), bias)


def _activated_halves(x: Tensor, norm: LayerNorm, dense: keras.layers.Dense) -> tuple[Tensor, Tensor]:
    """Both halves of what a dense layer and GELU make of normalised pixels.

    Each comes from its own part of the kernel, so that no map is cut.
    """
    kernel, bias = _folded(norm, dense)
    x = _standardised(x, norm)
    halves = zip(ops.split(kernel, 2, axis=1), ops.split(bias, 2), strict=True)
    first, second = (tanh_gelu(biased(ops.matmul(x, weights), shift)) for weights, shift in halves)
    return first, second


def _folded(norm: LayerNorm, dense: keras.layers.Dense) -> tuple[Tensor, Tensor]:
    """Kernel and bias of a dense layer with the scale and shift of the normalisation before it in them."""
    gamma, beta = (ops.cast(each, dense.compute_dtype) for each in (norm.gamma, norm.beta))
    kernel = ops.convert_to_tensor(dense.kernel)
    return ops.expand_dims(gamma, 1) * kernel, ops.matmul(beta, kernel) + dense.bias


def _standardised(x: Tensor, norm: LayerNorm) -> Tensor:
    """Pixels with mean 0 and variance 1 over their channels, as a normalisation has them before its scale and shift."""
    exact = ops.cast(x, at_least_float32(x.dtype))
    centred = exact - ops.mean(exact, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    return ops.cast(centred * ops.rsqrt(variance + norm.epsilon), x.dtype)


def _joined(first: Tensor, second: Tensor, dense: keras.layers.Dense) -> Tensor:
    """What a dense layer makes of two sets of pixels side by side, each with its own part of the kernel."""
    kernels = ops.split(ops.convert_to_tensor(dense.kernel), 2)
    return biased(ops.matmul(first, kernels[0]), dense.bias) + ops.matmul(second, kernels[1])
