"""Bilinear enlargement, half-pixel centres."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class Enlargement(keras.layers.Layer):
    """What layers that enlarge maps by a whole factor have in common.

    Args:
        factor: How many times as high and as wide the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1.
    """

    def __init__(self, factor: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if factor < 1:
            raise ValueError(f"factor must be at least 1, not {factor}")
        self.factor = factor

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the input's shape with the sides times the factor."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side * self.factor for side in sides), channels)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that rebuild the layer."""
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="deblur_zoo")
class BilinearUpsample(Enlargement):
    """Enlarges maps bilinearly with half-pixel centres and clamped edges, also maps of unknown size in a graph.

    Same numbers as Keras' UpSampling2D and PyTorch's resizing with `align_corners=False`. On TensorFlow the
    interpolation itself runs in float32 whatever the dtype, as that is all its kernel computes in.

    Input shape: (batch, height, width, channels).
    Output shape: (batch, height x factor, width x factor, channels).

    Args:
        factor: How many times as high and as wide the result is, at least 1.
        **kwargs: Keras' layer arguments.

    Raises:
        ValueError: When the factor is below 1.
    """

    def call(self, inputs: Any) -> Any:
        """Returns the enlarged maps."""
        _, height, width, _ = ops.shape(inputs)
        size = (height * self.factor, width * self.factor)
        if keras.backend.backend() != "tensorflow":
            return ops.image.resize(inputs, size, interpolation="bilinear")
        # Keras' resizing, and so UpSampling2D, compares the size with zero before it calls this very function, which
        # fails for a size that is known only when the graph runs. Keras operations that need no size take three times
        # as long.
        import tensorflow as tf

        return ops.cast(tf.image.resize(inputs, size), inputs.dtype)


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

    def call(self, inputs: Any) -> Any:
        """Returns the enlarged maps."""
        factor = self.factor

        # The backward pass in its own words takes a third of the time that automatic differentiation does.
        @ops.custom_gradient
        def enlarged(maps: Any) -> Any:
            def gradient(*args: Any, upstream: Any = None) -> Any:
                return _reduced(args[0] if upstream is None else upstream, factor)

            return _enlarged(maps, factor), gradient

        return enlarged(ops.cast(inputs, self.compute_dtype))


def _enlarged(maps: Any, factor: int) -> Any:
    """Returns the maps enlarged along the width and then, more data by then, along the height."""
    batch, height, width, channels = ops.shape(maps)
    maps = _stretched(ops.reshape(maps, (batch * height, width, channels)), factor)
    maps = _stretched(ops.reshape(maps, (batch, height, width * factor * channels)), factor)
    return ops.reshape(maps, (batch, height * factor, width * factor, channels))


def _reduced(upstream: Any, factor: int) -> Any:
    """Returns the gradient of `_enlarged`."""
    batch, height, width, channels = ops.shape(upstream)
    upstream = _collected(ops.reshape(upstream, (batch, height, width * channels)), factor)
    upstream = _collected(ops.reshape(upstream, (batch * height // factor, width, channels)), factor)
    return ops.reshape(upstream, (batch, height // factor, width // factor, channels))


def _stretched(x: Any, factor: int) -> Any:
    """Returns (outer, side x factor, inner) of x (outer, side, inner)."""
    outer, side, inner = ops.shape(x)
    padded = ops.pad(x, ((0, 0), (1, 1), (0, 0)))
    before, after = padded[:, :-2], padded[:, 2:]
    phases = []
    for j in range(factor):
        to_before, to_after = _weights(side, factor, j, x.dtype)
        phase = x
        if to_before is not None:
            phase = phase + to_before * (before - x)
        if to_after is not None:
            phase = phase + to_after * (after - x)
        phases.append(phase)
    return ops.reshape(ops.concatenate(phases, axis=-1), (outer, side * factor, inner))


def _collected(upstream: Any, factor: int) -> Any:
    """Returns the gradient of `_stretched`: every phase gives back to the pixels that it was made of."""
    outer, side, inner = ops.shape(upstream)
    side = side // factor
    phases = ops.split(ops.reshape(upstream, (outer, side, factor * inner)), factor, axis=-1)
    own, earlier, later = [], [], []
    for j, phase in enumerate(phases):
        to_before, to_after = _weights(side, factor, j, upstream.dtype)
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


def _weights(side: Any, factor: int, j: int, dtype: Any) -> tuple[Any, Any]:
    """Returns how much the j-th pixels take from the pixel before and the one after, (side, 1) each.

    None stands for weights that are zero for every pixel: the first pixels lie never after their source, the last
    never before. The pixels at the ends take nothing from beyond.
    """
    exact = "float64" if keras.backend.standardize_dtype(dtype) == "float64" else "float32"
    last = ops.cast(side, exact) - 1
    numerator = j * last - (factor - 1) * ops.arange(side, dtype=exact)
    offset = ops.expand_dims(numerator / (factor * last + (factor - 1)), 1)
    to_before = ops.cast(ops.relu(-offset), dtype) if j < factor - 1 else None
    to_after = ops.cast(ops.relu(offset), dtype) if j > 0 else None
    return to_before, to_after
