"""CARLO_NET: layers as Keras 2 numbered them in Mancini and Simonati's code (`weights-*.h5`) -> ours, by order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zoo.weights.names.base import zipped

_DEPTH = 10


def layers_of(layers: Sequence[str]) -> Mapping[str, str]:
    """Our layers for `conv2d`, `conv2d_1`, ..., `conv2d_transpose`, ..."""
    numbers = range(1, _DEPTH + 1)
    ours = {"conv2d": [f"conv{each}" for each in numbers], "conv2d_transpose": [f"deconv{each}" for each in numbers]}
    return zipped(layers, ours)
