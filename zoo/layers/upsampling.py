"""Bilinear enlargement, half-pixel centres."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from zoo.backend import Tensor, at_least_float32


class Resizing(keras.layers.Layer):
    """What layers that resize maps by a whole factor have in common.

    Args:
        factor: How many times as large, or as small, a side of the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1.
    """

    def __init__(self, factor: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if factor < 1:
            raise ValueError(f"factor must be at least 1, not {factor}")
        self.factor = factor

    def get_config(self) -> dict[str, Any]:
        """The arguments that rebuild the layer."""
        return {**super().get_config(), "factor": self.factor}


class Enlargement(Resizing):
    """What layers that enlarge maps by a whole factor have in common."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The input's shape with the sides times the factor."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side * self.factor for side in sides), channels)


@keras.saving.register_keras_serializable(package="deblur_zoo")
class BilinearUpsample(Enlargement):
    """Enlarges maps bilinearly with half-pixel centres and clamped edges, also maps of unknown size in a graph.

    Same numbers as Keras' UpSampling2D and PyTorch's resizing with `align_corners=False`. On TensorFlow half precision
    is interpolated in float32.

    Input shape: (batch, height, width, channels).
    Output shape: (batch, height x factor, width x factor, channels).

    Args:
        factor: How many times as high and as wide the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The enlarged maps."""
        if keras.backend.standardize_dtype(inputs.dtype) == "float64":
            # TensorFlow's kernel computes in float32 only.
            return _enlarged(inputs, self.factor, _centred)
        if keras.backend.backend() == "tensorflow":
            return _resized(self.factor)(inputs)
        _, height, width, _ = ops.shape(inputs)
        return ops.image.resize(inputs, (height * self.factor, width * self.factor), interpolation="bilinear")


def _resized(factor: int) -> Any:
    """TensorFlow's kernel as a function of maps, with derivatives of every order.

    Keras' resizing, and so UpSampling2D, compares the size with zero before it calls this very kernel, which fails for
    a size that is known only when the graph runs. Keras operations that need no size take three times as long. The
    kernel of the gradient has no gradient of its own in TensorFlow, which takes it for zero in silence; as resizing is
    linear, that gradient is the resizing again.
    """
    import tensorflow as tf

    def enlarge(maps: Tensor) -> Tensor:
        size = tf.shape(maps)[1:3] * factor
        return tf.cast(tf.image.resize(maps, size), maps.dtype)

    def shrink(upstream: Tensor) -> Tensor:
        shape = tf.shape(upstream) // [1, factor, factor, 1]
        like = tf.zeros(shape, tf.float32)
        found = tf.raw_ops.ResizeBilinearGrad(
            grads=tf.cast(upstream, tf.float32), original_image=like, half_pixel_centers=True
        )
        return tf.cast(found, upstream.dtype)

    @tf.custom_gradient
    def enlarged(maps: Tensor) -> Tensor:
        return enlarge(maps), shrunk

    @tf.custom_gradient
    def shrunk(upstream: Tensor) -> Tensor:
        return shrink(upstream), enlarged

    return enlarged


@keras.saving.register_keras_serializable(package="deblur_zoo")
class AlignedUpsample(Enlargement):
    """Enlarges maps bilinearly so that the corner pixels keep their places and values.

    Along a side of n pixels, pixel i of the result is read at i x (n - 1) / (factor x n - 1): PyTorch's resizing with
    `align_corners=True`. Keras' UpSampling2D aligns the borders of the corner pixels instead.

    Input shape: (batch, height, width, channels).
    Output shape: (batch, height x factor, width x factor, channels).

    Args:
        factor: How many times as high and as wide the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """The enlarged maps."""
        factor = self.factor

        # The backward pass in its own words takes a third of the time that automatic differentiation does.
        @ops.custom_gradient
        def enlarged(maps: Tensor) -> Tensor:
            def gradient(*args: Any, upstream: Tensor = None) -> Tensor:
                return _reduced(args[0] if upstream is None else upstream, factor, _aligned)

            return _enlarged(maps, factor, _aligned), gradient

        return enlarged(ops.cast(inputs, self.compute_dtype))


# How much the j-th of the pixels that a pixel becomes takes from the pixel before and the one after: (side, 1) each, of
# side, factor, j and dtype. None stands for weights that are zero for every pixel.
Shares = Callable[[Any, int, int, Any], tuple[Tensor | None, Tensor | None]]


def _enlarged(maps: Tensor, factor: int, shares: Shares) -> Tensor:
    """The maps enlarged along the width and then, more data by then, along the height."""
    batch, height, width, channels = ops.shape(maps)
    maps = _stretched(ops.reshape(maps, (batch * height, width, channels)), factor, shares)
    maps = _stretched(ops.reshape(maps, (batch, height, width * factor * channels)), factor, shares)
    return ops.reshape(maps, (batch, height * factor, width * factor, channels))


def _reduced(upstream: Tensor, factor: int, shares: Shares) -> Tensor:
    """The gradient of `_enlarged`."""
    batch, height, width, channels = ops.shape(upstream)
    upstream = _collected(ops.reshape(upstream, (batch, height, width * channels)), factor, shares)
    upstream = _collected(ops.reshape(upstream, (batch * height // factor, width, channels)), factor, shares)
    return ops.reshape(upstream, (batch, height // factor, width // factor, channels))


def _stretched(x: Tensor, factor: int, shares: Shares) -> Tensor:
    """(outer, side x factor, inner) of x (outer, side, inner)."""
    outer, side, inner = ops.shape(x)
    padded = ops.pad(x, ((0, 0), (1, 1), (0, 0)))
    before, after = padded[:, :-2], padded[:, 2:]
    phases = []
    for j in range(factor):
        to_before, to_after = shares(side, factor, j, x.dtype)
        phase = x
        if to_before is not None:
            phase = phase + to_before * (before - x)
        if to_after is not None:
            phase = phase + to_after * (after - x)
        phases.append(phase)
    return ops.reshape(ops.concatenate(phases, axis=-1), (outer, side * factor, inner))


def _collected(upstream: Tensor, factor: int, shares: Shares) -> Tensor:
    """The gradient of `_stretched`: every phase gives back to the pixels that it was made of."""
    outer, side, inner = ops.shape(upstream)
    side = side // factor
    phases = ops.split(ops.reshape(upstream, (outer, side, factor * inner)), factor, axis=-1)
    own, earlier, later = [], [], []
    for j, phase in enumerate(phases):
        to_before, to_after = shares(side, factor, j, upstream.dtype)
        own.append(phase)
        if to_before is not None:
            earlier.append(to_before * phase)
            own.append(-earlier[-1])
        if to_after is not None:
            later.append(to_after * phase)
            own.append(-later[-1])
    total = sum(own[1:], own[0])
    if factor == 1:
        return total
    total = total + ops.pad(sum(earlier[1:], earlier[0])[:, 1:], ((0, 0), (0, 1), (0, 0)))
    return total + ops.pad(sum(later[1:], later[0])[:, :-1], ((0, 0), (1, 0), (0, 0)))


def _aligned(side: Any, factor: int, j: int, dtype: Any) -> tuple[Tensor | None, Tensor | None]:
    """Shares with aligned corners: the first pixels lie never after their source, the last never before."""
    exact = at_least_float32(dtype)
    last = ops.cast(side, exact) - 1
    numerator = j * last - (factor - 1) * ops.arange(side, dtype=exact)
    offset = ops.expand_dims(numerator / (factor * last + (factor - 1)), 1)
    to_before = ops.cast(ops.relu(-offset), dtype) if j < factor - 1 else None
    to_after = ops.cast(ops.relu(offset), dtype) if j > 0 else None
    return to_before, to_after


def _centred(side: Any, factor: int, j: int, dtype: Any) -> tuple[Tensor | None, Tensor | None]:
    """Shares with half-pixel centres; the pixels at the ends take nothing from beyond."""
    offset = (2 * j + 1 - factor) / (2 * factor)
    places = ops.expand_dims(ops.arange(side, dtype="int32"), 1)
    if offset < 0:
        return -offset * ops.cast(places > 0, dtype), None
    return None, offset * ops.cast(places < side - 1, dtype) if offset > 0 else None
