"""From the axes of others' weights to Keras': which axis goes where, told by the layer that takes the weight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.backend import keras

LAYOUTS = ("pytorch", "flax", "keras")
"""Whose order of axes an array is in."""

# PyTorch has (out, in, kh, kw), transposed (in, out, kh, kw), depthwise (channels, 1, kh, kw); Keras (kh, kw, in, out),
# (kh, kw, out, in) and (kh, kw, channels, 1).
_TORCH_KERNEL = (2, 3, 1, 0)
_TORCH_DEPTHWISE = (2, 3, 0, 1)

# What others call the weights of a layer -> what Keras calls them, the first that the layer has.
_WEIGHTS = {
    "weight": ("kernel", "gamma", "alpha", "scale"),
    "bias": ("bias", "beta"),
    "scale": ("gamma", "scale"),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
    "mean": ("moving_mean",),
    "var": ("moving_variance",),
    "depthwise_kernel": ("kernel",),
}
STATISTICS = ("running_mean", "running_var", "mean", "var")
"""Leaves that are running statistics."""


def weights_of(layer: keras.layers.Layer) -> dict[str, Any]:
    """The weights of a layer by name, of a layer inside it by `inner/name`."""
    start = f"{layer.name}/"
    found = {}
    for weight in layer.weights:
        # The path begins with the layer's name, or with that of a model around it.
        _, _, inner = f"/{weight.path}".rpartition(f"/{start}")
        found[inner] = weight
    return found


def owner_of(layer: keras.layers.Layer, weight: Any) -> keras.layers.Layer:
    """The layer that a weight belongs to: the given one, or one inside it."""
    inside = [each for each in layer._flatten_layers() if any(own is weight for own in each.weights)]
    return min(inside, key=lambda each: len(each.weights), default=layer)


def weight_for(layer: keras.layers.Layer, leaf: str) -> str | None:
    """The name of the weight of a layer that others call by `leaf`; None where the layer has none such.

    Args:
        layer: The layer.
        leaf: The last part of a tensor's name, or the weight's place among the layer's, as Keras 3 stores it.
    """
    own = list(weights_of(layer))
    if leaf.isdecimal():
        return own[int(leaf)] if int(leaf) < len(own) else None
    for name in (leaf, *_WEIGHTS.get(leaf, ())):
        if name in own:
            return name
    # A layer with a single weight of its own kind needs no name for it.
    return own[0] if len(own) == 1 and leaf not in STATISTICS and own[0] not in ("kernel", "bias") else None


def arranged(
    array: np.ndarray, layer: keras.layers.Layer, weight: str, shape: tuple[int, ...], layout: str
) -> np.ndarray:
    """An array with its axes in the order of our weight; what does not fit keeps whatever shape that gives.

    Args:
        array: The tensor as its file has it.
        layer: The layer of ours that takes it.
        weight: Name of the layer's weight.
        shape: The weight's shape.
        layout: One of `LAYOUTS`.

    Returns:
        The array, of `shape` where it fits. Axes of length 1 come and go as needed: they move no number.
    """
    kernel = weight.rpartition("/")[2].endswith("kernel")
    turned = _TURNS[layout](array, layer) if kernel else array
    if turned.shape != shape and _without_ones(turned.shape) == _without_ones(shape):
        return turned.reshape(shape)
    return turned


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(side for side in shape if side != 1)


def _from_torch(array: np.ndarray, layer: keras.layers.Layer) -> np.ndarray:
    if array.ndim == 4:
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        return array.transpose(_TORCH_DEPTHWISE if depthwise else _TORCH_KERNEL)
    return array.T if array.ndim == 2 else array


def _from_flax(array: np.ndarray, layer: keras.layers.Layer) -> np.ndarray:
    """Flax lays kernels out as Keras does; those of transposed convolutions are (kh, kw, in, out) and mirrored."""
    if array.ndim == 4 and isinstance(layer, keras.layers.Conv2DTranspose):
        return array[::-1, ::-1].swapaxes(2, 3)
    return array


def _from_keras(array: np.ndarray, layer: keras.layers.Layer) -> np.ndarray:
    return array


_TURNS: dict[str, Callable[[np.ndarray, keras.layers.Layer], np.ndarray]] = {
    "pytorch": _from_torch,
    "flax": _from_flax,
    "keras": _from_keras,
}
