"""Convolution with a kernel of its own for every pixel."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor


@keras.saving.register_keras_serializable(package="deblur_zoo")
class LocalConvolution(keras.layers.Layer):
    """Filters an image with per-pixel kernels shared by its channels (zero padding, correlation form).

    The usual form gathers the side x side neighbourhood of every pixel into a tensor side^2 times as large as the
    image. Here shifted views are multiplied and added one after the other, and the backward pass recomputes the
    views instead of keeping them, so neither pass holds the neighbourhoods in memory.

    Input shapes: image (batch, height, width, channels); kernels (batch, height, width, side^2), the values of a
    pixel row by row over its neighbourhood.
    Output shape: that of the image.

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

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Filters `inputs` = [image, kernels]."""
        side = self.side

        @ops.custom_gradient
        def filtered(image: Tensor, kernels: Tensor) -> Tensor:
            def gradient(*args: Any, upstream: Tensor = None) -> tuple[Tensor, Tensor]:
                upstream = args[0] if upstream is None else upstream
                return _to_image(kernels, upstream, side), _to_kernels(image, upstream, side)

            return _filtered(image, kernels, side), gradient

        image, kernels = inputs
        return filtered(image, kernels)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the image."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "side": self.side}

    def macs(self, input_shape: tuple[int, ...]) -> int:
        """The multiply-accumulates for an image of this shape."""
        return math.prod(input_shape) * self.side**2


# XLA wants all indices of a slice in one integer type, so zeros are made of the others.
# Loops, not 25 expressions side by side: an executor that runs whatever is ready would hold all views at once.


def _filtered(image: Tensor, kernels: Tensor, side: int) -> Tensor:
    """The sum over the window's positions of view x kernel value."""
    padded = _padded(image, side // 2)

    def add(index: Any, total: Any) -> Any:
        view = _view(padded, index // side, index % side, image)
        return total + view * _channel(kernels, index)

    return ops.fori_loop(0, side**2, add, ops.zeros_like(image))


def _to_image(kernels: Tensor, upstream: Tensor, side: int) -> Tensor:
    """The gradient of the image."""
    radius = side // 2

    def add(index: Any, total: Any) -> Any:
        # The adjoint of reading at an offset is writing at it, i.e. reading at the opposite offset.
        padded = _padded(upstream * _channel(kernels, index), radius)
        return total + _view(padded, 2 * radius - index // side, 2 * radius - index % side, upstream)

    return ops.fori_loop(0, side**2, add, ops.zeros_like(upstream))


def _to_kernels(image: Tensor, upstream: Tensor, side: int) -> Tensor:
    """The gradient of the kernels."""
    padded = _padded(image, side // 2)

    def one(index: Any) -> Any:
        return ops.sum(_view(padded, index // side, index % side, image) * upstream, axis=-1)

    return ops.moveaxis(ops.map(one, ops.arange(side**2)), 0, -1)


def _padded(image: Tensor, radius: int) -> Tensor:
    """The image with a margin of zeros."""
    return ops.pad(image, [[0, 0], [radius, radius], [radius, radius], [0, 0]])


def _view(padded: Tensor, top: Any, left: Any, like: Tensor) -> Tensor:
    """The part of `padded` that starts at (top, left) and is as large as `like`."""
    return ops.slice(padded, (0 * top, top, left, 0 * top), ops.shape(like))


def _channel(kernels: Tensor, index: Any) -> Tensor:
    """One kernel value of every pixel, (batch, height, width, 1)."""
    return ops.slice(kernels, (*[0 * index] * 3, index), (*ops.shape(kernels)[:-1], 1))
