"""Perceptrons that mix the channels of every pixel, the pixels of blocks and the cells of a grid in turn: MAXIM's.

Source: Tu et al., "MAXIM: multi-axis MLP for image processing" (CVPR 2022), and the authors' released code, whose
scopes the layers inside are named after.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.layers.normalisation import LayerNorm
from zoo.layers.patch_mixing import PatchMixing

_LINEAR = 2 * math.sqrt(2 / math.pi)
_CUBIC = 0.044715 * _LINEAR


def tanh_gelu(x: Tensor) -> Tensor:
    """GELU with a tangent, x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), which is what Flax calls GELU.

    Computed as x sigmoid of twice the tangent's argument, the same number in fewer passes over the map.

    Source: Hendrycks and Gimpel, "Gaussian error linear units" (2016), the approximation.

    Args:
        x: Tensor, float.
    """
    return x * ops.sigmoid(x * (_LINEAR + _CUBIC * ops.square(x)))


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

    def call(self, inputs: Tensor) -> Tensor:
        """The gated maps."""
        values, gate = (tanh_gelu(half) for half in _halves(self.first_norm(inputs), self.widen))
        return self.narrow(values * self.mixing(self.gate_norm(gate))) + inputs

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

    def call(self, inputs: Tensor) -> Tensor:
        """The mixed maps."""
        far, near = (tanh_gelu(half) for half in _halves(self.first_norm(inputs), self.widen))
        return _joined(self.grid(far), self.block(near), self.narrow) + inputs

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

    def call(self, inputs: Tensor) -> Tensor:
        """The weights."""
        far, near = (tanh_gelu(half) for half in _halves(self.first_norm(inputs), self.widen))
        return _joined(self.grid(far), self.block(near), self.narrow)

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
        x, y = (tanh_gelu(first(norm(each))) for each, norm, first in zip(inputs, self.norms, self.first, strict=True))
        of_x, of_y = self.gates[0](x), self.gates[1](y)
        y = self.last[1](y * of_x) + inputs[1]
        return [self.last[0](x * of_y) + y + inputs[0], y]

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> list[tuple[int | None, ...]]:
        """The inputs' shapes."""
        return [tuple(shape) for shape in input_shape]

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the dense layers and the gates; `input_shape` is that of x."""
        return math.prod(input_shape) * (4 * input_shape[-1] + 2 * (4 * input_shape[-1] + 2 * self.size**2))


def _halves(x: Tensor, dense: keras.layers.Dense) -> tuple[Tensor, Tensor]:
    """The two halves of a dense layer's result, each from its own part of the kernel, so that no map is cut."""
    half = dense.units // 2
    kernel, bias = dense.kernel, dense.bias
    return ops.matmul(x, kernel[:, :half]) + bias[:half], ops.matmul(x, kernel[:, half:]) + bias[half:]


def _joined(first: Tensor, second: Tensor, dense: keras.layers.Dense) -> Tensor:
    """A dense layer's result for two maps side by side, each with its own part of the kernel."""
    half = first.shape[-1]
    return ops.matmul(first, dense.kernel[:half]) + (ops.matmul(second, dense.kernel[half:]) + dense.bias)
