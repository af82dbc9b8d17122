"""Mixing over the pixels of blocks and over the cells of a grid, for which maps are cut and put together again."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class PatchMixing(keras.layers.Layer):
    """A dense layer along the pixels of every block of a map, or along the cells of a grid laid over it.

    Without `across` the map is cut into blocks of size x size pixels, and every pixel of a block becomes a weighted sum
    of the block's pixels. With `across` it is cut into size x size cells, whatever their height and width, and every
    pixel becomes a weighted sum of the pixels at the same place in all cells: near at hand in a small map, from one end
    to the other in any. Either way the kernel has size^4 weights, every channel has the same ones, and the size of the
    map does not matter.

    Input and output shape: (batch, height, width, channels), both sides multiples of the size.

    Source: Tu et al., "MAXIM: multi-axis MLP for image processing" (CVPR 2022).

    Args:
        size: Side of the blocks in pixels, or of the grid in cells, at least 1.
        across: Whether it is the cells that are mixed.
        offset: A constant that is added to the result.
        kernel_initializer: Initialiser of the kernel, (size^2 in, size^2 out).
        bias_initializer: Initialiser of the bias, one number for each pixel of a block or each cell.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the size is below 1, or a known side is not a multiple of it.
    """

    def __init__(
        self,
        size: int,
        across: bool = False,
        offset: float = 0.0,
        kernel_initializer: Any = "lecun_normal",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        self.size, self.across, self.offset = size, across, offset
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates kernel and bias."""
        self._check(input_shape)
        count = self.size**2
        self.kernel = self.add_weight((count, count), self.kernel_initializer, name="kernel")
        self.bias = self.add_weight((count,), self.bias_initializer, name="bias")
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        """The mixed maps."""
        batch, height, width, channels = ops.shape(inputs)
        return ops.reshape(self.flat(inputs, (batch, height, width)), (batch, height, width, channels))

    def flat(self, x: Tensor, sides: tuple[Any, Any, Any]) -> Tensor:
        """The mixed pixels one below the other, (batch x height x width, channels), from maps or such pixels.

        Args:
            x: Tensor with the pixels of the maps, row by row, and the channels last.
            sides: Batch, height and width.
        """
        size, channels, (batch, height, width) = self.size, x.shape[-1], sides
        rows, columns = height // size, width // size
        if self.across:
            parts, order = (batch, size, rows, size, columns, channels), (1, 3, 0, 2, 4, 5)
        else:
            parts, order = (batch, rows, size, columns, size, channels), (2, 4, 0, 1, 3, 5)
        # What is mixed comes first, so that one matrix product serves all blocks and channels.
        cut = ops.transpose(ops.reshape(x, parts), order)
        mixed = ops.matmul(ops.transpose(self.kernel), ops.reshape(cut, (size * size, -1)))
        mixed = mixed + ops.expand_dims(self.bias + ops.cast(self.offset, self.bias.dtype), 1)
        mixed = ops.reshape(mixed, (size, size, batch, rows, columns, channels))
        back = tuple(order.index(axis) for axis in range(6))
        return ops.reshape(ops.transpose(mixed, back), (-1, channels))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape."""
        self._check(input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "size": self.size,
            "across": self.across,
            "offset": self.offset,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
        }

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates of the mixing."""
        return math.prod(input_shape) * self.size**2

    def _check(self, shape: tuple[int | None, ...]) -> None:
        """Refuses known sides that cannot be cut."""
        for name, side in zip(("height", "width"), shape[1:3], strict=True):
            if side is not None and side % self.size:
                raise ValueError(f"{name} {side} is not a multiple of {self.size}; pad the maps")
