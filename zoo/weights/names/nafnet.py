"""Names of the layers in NAFNet's published checkpoints."""

from __future__ import annotations

import re

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
# All published forms have as many.
_LEVELS = 4


def layer_of(layer: str, leaf: str) -> str | None:
    """The name of our layer that a tensor of a checkpoint belongs to.

    Args:
        layer: The tensor's name up to its last dot, e.g. `encoders.3.27.sca.1`.
        leaf: What follows: `weight`, `bias`, and `beta` or `gamma` of a block itself.

    Returns:
        The layer's name, None for a tensor that NAFNet has not.

    >>> layer_of("encoders.3.27.sca.1", "bias"), layer_of("decoders.0.0", "beta")
    ('encoder4_28_attend', 'decoder4_1_sum1')
    """
    if layer in _ENDS:
        return _ENDS[layer]
    step = re.fullmatch(r"downs\.([0-3])|ups\.([0-3])\.0", layer)
    if step:
        return f"down{int(step[1]) + 1}" if step[1] else f"up{_LEVELS - int(step[2])}"
    block = re.fullmatch(r"(encoders\.[0-3]|decoders\.[0-3]|middle_blks)\.(\d+)(?:\.(\w+(?:\.\d)?))?", layer)
    if not block:
        return None
    part = _PARTS.get(block[3]) if block[3] else _SCALES.get(leaf)
    return f"{_row(block[1])}_{int(block[2]) + 1}_{part}" if part else None


def _row(place: str) -> str:
    """Our name of a row of blocks; decoders are counted from the coarsest level there, and by their level here."""
    kind, _, number = place.partition(".")
    if kind == "middle_blks":
        return "middle"
    return f"encoder{int(number) + 1}" if kind == "encoders" else f"decoder{_LEVELS - int(number)}"
