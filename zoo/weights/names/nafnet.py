"""Names of the layers in NAFNet's published checkpoints, and the sizes that their shapes tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from zoo.weights.names.base import LayerOf, Shapes, count_in

TELLING = ("intro.weight", "ending.weight", "downs.0.weight", "ups.0.0.weight")
UNTOLD = ("inference", "train_crop")

_ENDS = {"intro": "intro", "ending": "correction"}
_PARTS = {
    "norm1": "norm1",
    "conv1": "expand1",
    "conv2": "around",
    "sca.1": "attend",
    "conv3": "project1",
    "norm2": "norm2",
    "conv4": "expand2",
    "conv5": "project2",
}
# Weights that are no layer's there; ours is the layer whose `scale` they are.
_SCALES = {"beta": "sum1", "gamma": "sum2"}


def layer_of_in(layers: Sequence[str]) -> LayerOf:
    """What gives our layer for a tensor of a file with these layers; the number of levels is that of the steps up.

    >>> four = layer_of_in([f"ups.{level}.0" for level in range(4)])
    >>> four("encoders.3.27.sca.1", "bias"), four("decoders.0.0", "beta")
    ('encoder4_28_attend', 'decoder4_1_sum1')
    """
    return partial(_layer_of, count_in(layers, r"ups\.(\d+)\."))


def options_of(shapes: Shapes) -> dict[str, Any]:
    """Width, channels of the image and numbers of blocks."""
    levels = count_in(shapes, r"downs\.(\d+)\.")
    width, channels = shapes["intro.weight"][:2]

    def rows(kind: str) -> tuple[int, ...]:
        return tuple(count_in(shapes, rf"{kind}\.{level}\.(\d+)\.") for level in range(levels))

    return {
        "width": width,
        "image_channels": channels,
        "encoder_blocks": rows("encoders"),
        "middle_blocks": count_in(shapes, r"middle_blks\.(\d+)\."),
        "decoder_blocks": rows("decoders"),
    }


def _layer_of(levels: int, layer: str, leaf: str) -> str | None:
    """The name of our layer that a tensor of a checkpoint belongs to.

    Args:
        levels: How many levels the file has.
        layer: The tensor's name up to its last dot, e.g. `encoders.3.27.sca.1`.
        leaf: What follows: `weight`, `bias`, and `beta` or `gamma` of a block itself.

    Returns:
        The layer's name, None for a tensor that NAFNet has not.
    """
    if layer in _ENDS:
        return _ENDS[layer]
    numbered = re.match(r"(?:downs|ups|encoders|decoders)\.(\d+)", layer)
    if numbered and int(numbered[1]) >= levels:
        return None
    step = re.fullmatch(r"downs\.(\d+)|ups\.(\d+)\.0", layer)
    if step:
        return f"down{int(step[1]) + 1}" if step[1] else f"up{levels - int(step[2])}"
    block = re.fullmatch(r"(encoders\.\d+|decoders\.\d+|middle_blks)\.(\d+)(?:\.(\w+(?:\.\d)?))?", layer)
    if not block:
        return None
    part = _PARTS.get(block[3]) if block[3] else _SCALES.get(leaf)
    return f"{_row(block[1], levels)}_{int(block[2]) + 1}_{part}" if part else None


def _row(place: str, levels: int) -> str:
    """Our name of a row of blocks; decoders are counted from the coarsest level there, and by their level here."""
    kind, _, number = place.partition(".")
    if kind == "middle_blks":
        return "middle"
    return f"encoder{int(number) + 1}" if kind == "encoders" else f"decoder{levels - int(number)}"
