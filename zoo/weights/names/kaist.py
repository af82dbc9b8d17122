"""KAIST_NET: layers as Keras 2 numbered them in Mancini and Simonati's code (`weights-*.h5`) -> ours, by their order.

The order is that in which the code makes them: the levels one after another, then the image branch to its end, then
the branch of the kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zoo.weights.names.base import zipped

_UNITS, _BOTTOM_UNITS = 9, 4
_LEVELS = (("rdu1", _UNITS), ("rdu2", _UNITS), ("rdu3", _BOTTOM_UNITS), ("rud3", _BOTTOM_UNITS), ("rud2", _UNITS))
# What the convolutions of a level stand behind.
_BEFORE = {"rdu1": "stem", "rdu2": "pool1_project", "rdu3": "pool2_project", "rud2": "merge2"}
_HEADS = ("image1", "image_merge", "image2", "residual", "weight", "kernel1", "kernel2", "kernels")


def layers_of(layers: Sequence[str]) -> Mapping[str, str]:
    """Our layers for `conv2d`, `conv2d_1`, ..., `conv2d_transpose`, ..."""
    convolutions: list[str] = []
    transposed: list[str] = []
    for level, units in _LEVELS:
        convolutions += [_BEFORE[level]] if level in _BEFORE else []
        convolutions += [f"{level}_{each}_down" for each in range(1, units + 1)]
        transposed += [f"{level}_{each}_up" for each in range(1, units + 1)]
    return zipped(layers, {"conv2d": [*convolutions, *_HEADS], "conv2d_transpose": transposed})
