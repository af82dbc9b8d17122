"""Names of the feature catcher's released code: MPRNet's, and those of the gate on the features of stage 0."""

from __future__ import annotations

import re

from zoo.weights.names import mprnet


def layer_of(layer: str, leaf: str) -> str | None:
    """Returns our layer's name for an original layer's."""
    if re.fullmatch(r"attention_(down|up)", layer):
        return re.sub(r"attention_(down|up)", r"stage0_efem_\1", layer)
    return mprnet.layer_of(layer, leaf)
