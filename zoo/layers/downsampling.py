"""Maps made smaller by a whole factor: by the nearest pixel, and bilinearly with antialiasing."""

from __future__ import annotations

import keras
from keras import ops

from zoo.backend import Tensor
from zoo.layers.upsampling import Resizing


class _Reduction(Resizing):
    """What layers that shrink maps by a whole factor have in common; its shape raises where that does not divide."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with the sides divided by the factor."""
        batch, *sides, channels = input_shape
        for side in sides:
            if side is not None and side % self.factor:
                raise ValueError(f"a side of {side} pixels cannot be divided by {self.factor}; pad the maps")
        return (batch, *(None if side is None else side // self.factor for side in sides), channels)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class NearestShrink(_Reduction):
    """Takes one pixel of each cell of factor x factor, that after the middle, as half-pixel centres want.

    For factor 2 these are the pixels 1, 3, 5, ... of a side, for factor 4 the pixels 2, 6, 10, ...

    Input shape: (batch, height, width, channels), both sides multiples of the factor.
    Output shape: (batch, height / factor, width / factor, channels).

    Args:
        factor: How many times as low and as narrow the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1, or does not divide a known side.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The smaller maps."""
        start, step = self.factor // 2, self.factor
        return inputs[:, start::step, start::step]


@keras.saving.register_keras_serializable(package="deblur_zoo")
class BilinearShrink(_Reduction):
    """Shrinks maps bilinearly with half-pixel centres and antialiasing: by triangles as wide as two cells.

    The weights along a side are (1, 3, 3, 1) / 8 for factor 2 and (1, 3, 5, 7, 7, 5, 3, 1) / 32 for factor 4; at the
    ends what lies beyond is left out and the rest is made to add up to 1. These are the numbers of `jax.image.resize`
    and of `tf.image.resize` with `antialias`.

    Input shape: (batch, height, width, channels), both sides multiples of the factor.
    Output shape: (batch, height / factor, width / factor, channels).

    Args:
        factor: How many times as low and as narrow the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1, or does not divide a known side.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The smaller maps."""
        factor, (batch, height, width, channels) = self.factor, ops.shape(inputs)
        rows, columns = height // factor, width // factor
        # The rows first: what is left for the columns is then less by the factor.
        x = _gathered(ops.reshape(inputs, (batch, rows, factor * width * channels)), factor)
        x = _gathered(ops.reshape(x, (batch * rows, columns, factor * channels)), factor)
        return ops.reshape(x, (batch, rows, columns, channels))


def _gathered(x: Tensor, factor: int) -> Tensor:
    """(outer, side, inner) of x (outer, side, factor x inner): every cell with what it takes of its neighbours."""
    if factor == 1:
        return x
    phases = ops.split(x, factor, axis=-1)
    centres = [(j + 0.5) / factor - 0.5 for j in range(factor)]
    own = _weighted(phases, [1 - abs(centre) for centre in centres])
    weights = [max(0.0, centre) for centre in centres]
    before = _weighted(phases, weights)
    after = _weighted(phases, weights[::-1])
    total = own + ops.pad(before[:, :-1], ((0, 0), (1, 0), (0, 0))) + ops.pad(after[:, 1:], ((0, 0), (0, 1), (0, 0)))
    side = ops.shape(x)[1]
    places = ops.reshape(ops.arange(side, dtype="int32"), (-1, 1))
    inner = ops.cast(places > 0, x.dtype) + ops.cast(places < side - 1, x.dtype)
    beyond = sum(weights)
    return total / (factor - 2 * beyond + beyond * inner)


def _weighted(phases: list[Tensor], weights: list[float]) -> Tensor:
    """The sum of the phases by their weights, of which some are zero."""
    terms = [weight * phase for weight, phase in zip(weights, phases, strict=True) if weight]
    return sum(terms[1:], terms[0])
