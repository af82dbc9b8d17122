"""ATROUS_NET: layers as Keras 2 numbered them in Mancini and Simonati's code (`weights-*.h5`) -> ours, by their order.

Of the convolutions the first two and the last two stand alone; between them every block has four with growing dilation
and one after their concatenation. How many blocks there are follows from the number of convolutions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zoo.weights.names.base import in_order, zipped

_ALONE = 4
_BLOCK = ("dilation1", "dilation2", "dilation3", "dilation4", "fuse")


def layers_of(layers: Sequence[str]) -> Mapping[str, str]:
    """Our layers for `conv2d`, `conv2d_1`, ..., `conv2d_transpose`."""
    convolutions = len(in_order(layers).get("conv2d", ()))
    blocks = [f"block{1 + each}_{part}" for each in range((convolutions - _ALONE) // len(_BLOCK)) for part in _BLOCK]
    return zipped(layers, {"conv2d": ["stem", "down", *blocks, "tail", "correction"], "conv2d_transpose": ["up"]})
