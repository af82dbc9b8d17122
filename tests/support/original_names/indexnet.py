"""Names of IndexNet's layers in its authors' code -> ours."""

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


def layer_of(layer: str, kind: str) -> str:
    """Maps e.g. `layer2.0.conv.3`, `index4.indexnet2.0`, `decoder_layer3.dconv.1`."""
    if layer in _FIXED:
        return _FIXED[layer]
    if index := re.fullmatch(r"index(\d)\.indexnet(\d)\.0", layer):
        return f"index{index.group(1)}_{index.group(2)}"
    if decoder := re.fullmatch(r"decoder_layer(\d)\.dconv\.([01])", layer):
        return f"decoder{decoder.group(1)}" + ("_norm" if decoder.group(2) == "1" else "")
    block = re.fullmatch(r"layer(\d)\.(\d)\.conv\.(\d)", layer)
    assert block is not None, layer
    stage, number, place = (int(part) for part in block.groups())
    names = _PLAIN if stage == 1 else _EXPANDED
    return f"stage{stage}_block{number + 1}_{names[place]}"
