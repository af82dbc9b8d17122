"""IndexNet: names in Lu et al.'s code (indexnet_matting) -> ours."""

from __future__ import annotations

import re

# Places inside an inverted residual block, with and without expansion.
_EXPANDED = {0: "expand", 1: "expand_norm", 3: "depthwise", 4: "depthwise_norm", 6: "project", 7: "project_norm"}
_PLAIN = {0: "depthwise", 1: "depthwise_norm", 3: "project", 4: "project_norm"}
_FIXED = {
    "layer0.0": "stem",
    "layer0.1": "stem_norm",
    "dconv_pp.0": "bottom",
    "dconv_pp.1": "bottom_norm",
    "pred.0.0": "prediction",
    "pred.0.1": "prediction_norm",
    "pred.1": "sharp",
}


def layer_of(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `layer2.0.conv.3`, `index4.indexnet2.0`, `decoder_layer3.dconv.1`."""
    if layer in _FIXED:
        return _FIXED[layer]
    if index := re.fullmatch(r"index(\d)\.indexnet(\d)\.0", layer):
        return f"index{index[1]}_{index[2]}"
    if decoder := re.fullmatch(r"decoder_layer(\d)\.dconv\.([01])", layer):
        return f"decoder{decoder[1]}" + ("_norm" if decoder[2] == "1" else "")
    block = re.fullmatch(r"layer(\d)\.(\d)\.conv\.(\d)", layer)
    if block is None:
        return None
    stage, number, place = (int(part) for part in block.groups())
    part = (_PLAIN if stage == 1 else _EXPANDED).get(place)
    return None if part is None else f"stage{stage}_block{number + 1}_{part}"
