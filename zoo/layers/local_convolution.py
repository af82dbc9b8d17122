"""Convolution with a kernel of its own for every pixel."""

from __future__ import annotations

from collections.abc import Iterator
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
                return _gradient(picture, kernels, args[0] if upstream is None else upstream, side)

            total = None
            for index, view in enumerate(_shifted(picture, side)):
                term = view * kernels[..., index : index + 1]
                total = term if total is None else total + term
            return total, gradient

        picture, kernels = inputs
        return filtered(picture, kernels)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """Returns the shape of the picture."""
        return tuple(input_shape[0])

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the layer."""
        return {**super().get_config(), "side": self.side}


def _shifted(picture: Any, side: int) -> Iterator[Any]:
    """Yields the zero-padded picture shifted to every position of a side x side window, row by row."""
    radius = side // 2
    _, height, width, _ = ops.shape(picture)
    padded = ops.pad(picture, [[0, 0], [radius, radius], [radius, radius], [0, 0]])
    for top in range(side):
        for left in range(side):
            yield padded[:, top : top + height, left : left + width, :]


def _gradient(picture: Any, kernels: Any, upstream: Any, side: int) -> tuple[Any, Any]:
    """Returns the gradients of the picture and of the kernels."""
    to_kernels = [ops.sum(view * upstream, axis=-1, keepdims=True) for view in _shifted(picture, side)]
    radius = side // 2
    _, height, width, _ = ops.shape(picture)
    margins = [[0, 0], [radius, radius], [radius, radius], [0, 0]]
    to_picture = None
    for index in range(side**2):
        top, left = divmod(index, side)
        term = ops.pad(upstream * kernels[..., index : index + 1], margins)
        # The adjoint of reading at an offset is writing at it, i.e. reading at the opposite offset.
        top, left = 2 * radius - top, 2 * radius - left
        term = term[:, top : top + height, left : left + width, :]
        to_picture = term if to_picture is None else to_picture + term
    return to_picture, ops.concatenate(to_kernels, axis=-1)
