"""Convolution with a kernel of its own for every pixel."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="deblur_zoo")
class LocalConvolution(keras.layers.Layer):
    """Filters a picture with per-pixel kernels shared by its channels (zero padding, correlation form).

    The usual form gathers the side x side neighbourhood of every pixel into a tensor side^2 times as large as the
    picture. Here shifted views are multiplied and added one after the other, and the backward pass recomputes the
    views instead of keeping them, so neither pass holds the neighbourhoods in memory.

    Input shapes: picture (batch, height, width, channels); kernels (batch, height, width, side^2), the values of a
    pixel row by row over its neighbourhood.
    Output shape: that of the picture.

    Source: Sim and Kim (NTIRE 2019), the per-pixel adaptive kernels.

    Args:
        side: Odd side of the kernels.
        **kwargs: Keras' layer arguments.
    """

    def __init__(self, side: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if side < 1 or side % 2 == 0:
            raise ValueError(f"side must be odd and positive, not {side}")
        self.side = side

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Checks that there are side^2 kernel values per pixel."""
        if input_shape[1][-1] != self.side**2:
            raise ValueError(
                f"kernels must have {self.side**2} channels for side {self.side}, not {input_shape[1][-1]}"
            )
        self.built = True

    def call(self, inputs: list[Any]) -> Any:
        """Filters `inputs` = [picture, kernels]."""
        side = self.side

        @ops.custom_gradient
        def filtered(picture: Any, kernels: Any) -> Any:
            def gradient(*args: Any, upstream: Any = None) -> tuple[Any, Any]:
                upstream = args[0] if upstream is None else upstream
                return _to_picture(kernels, upstream, side), _to_kernels(picture, upstream, side)

            return _filtered(picture, kernels, side), gradient

        picture, kernels = inputs
        return filtered(picture, kernels)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Returns the shape of the picture."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the layer."""
        return {**super().get_config(), "side": self.side}

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """Returns the multiply-accumulates for a picture of this shape."""
        return math.prod(input_shape) * self.side**2


# XLA wants all indices of a slice in one integer type, so zeros are made of the others.
# Loops, not 25 expressions side by side: an executor that runs whatever is ready would hold all views at once.


def _filtered(picture: Any, kernels: Any, side: int) -> Any:
    """Returns the sum over the window's positions of view x kernel value."""
    padded = _padded(picture, side // 2)

    def add(index: Any, total: Any) -> Any:
        view = _view(padded, index // side, index % side, picture)
        return total + view * _channel(kernels, index)

    return ops.fori_loop(0, side**2, add, ops.zeros_like(picture))


def _to_picture(kernels: Any, upstream: Any, side: int) -> Any:
    """Returns the gradient of the picture."""
    radius = side // 2

    def add(index: Any, total: Any) -> Any:
        # The adjoint of reading at an offset is writing at it, i.e. reading at the opposite offset.
        padded = _padded(upstream * _channel(kernels, index), radius)
        return total + _view(padded, 2 * radius - index // side, 2 * radius - index % side, upstream)

    return ops.fori_loop(0, side**2, add, ops.zeros_like(upstream))


def _to_kernels(picture: Any, upstream: Any, side: int) -> Any:
    """Returns the gradient of the kernels."""
    padded = _padded(picture, side // 2)

    def one(index: Any) -> Any:
        return ops.sum(_view(padded, index // side, index % side, picture) * upstream, axis=-1)

    return ops.moveaxis(ops.map(one, ops.arange(side**2)), 0, -1)


def _padded(picture: Any, radius: int) -> Any:
    """Returns the picture with a margin of zeros."""
    return ops.pad(picture, [[0, 0], [radius, radius], [radius, radius], [0, 0]])


def _view(padded: Any, top: Any, left: Any, like: Any) -> Any:
    """Returns the part of `padded` that starts at (top, left) and is as large as `like`."""
    return ops.slice(padded, (0 * top, top, left, 0 * top), ops.shape(like))


def _channel(kernels: Any, index: Any) -> Any:
    """Returns one kernel value of every pixel, (batch, height, width, 1)."""
    return ops.slice(kernels, (*[0 * index] * 3, index), (*ops.shape(kernels)[:-1], 1))
