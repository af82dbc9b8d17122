"""FCN: names in Zhang et al.'s released code, which are those of MPRNet and of the gate on stage 0's features."""

from __future__ import annotations

import re

from zoo.weights.names import mprnet
from zoo.weights.names.base import UNUSED

TELLING = ("attention_down.weight", "attention_up.weight", "tail.weight")

# The released code makes a second decoder for stage 1 and never calls it.
_DEAD = re.compile(r"stage1_decoder\w+\..*|stage0_decoder\..*")


def layer_of(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `attention_down`, and for all that MPRNet has, too.

    >>> layer_of("attention_up", "weight"), layer_of("shallow_feat0.0", "weight")
    ('stage0_efem_up', 'stage0_conv')
    """
    if _DEAD.fullmatch(layer):
        return UNUSED
    gate = re.fullmatch(r"attention_(down|up)", layer)
    return f"stage0_efem_{gate[1]}" if gate else mprnet.layer_of(layer, leaf)
