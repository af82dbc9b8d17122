"""Names in the authors' FBA-Net -> names in ours."""

from __future__ import annotations

import re

_ENCODER = {"conv": "conv{}", "bn": "conv{}_norm", "downsample.0": "project", "downsample.1": "project_norm"}
_DECODER = {
    "conv_up1.0": "up1_1",
    "conv_up1.1": "up1_1_norm",
    "conv_up1.3": "up1_2",
    "conv_up1.4": "up1_2_norm",
    "conv_up2.0": "up2",
    "conv_up2.1": "up2_norm",
    "conv_up3.0": "up3",
    "conv_up3.1": "up3_norm",
    "conv_up4.0": "head1",
    "conv_up4.2": "head2",
    "conv_up4.4": "sharp",
}
_BINS = (1, 2, 3, 6)


def layer_of(layer: str, kind: str) -> str:
    """Gives our layer's name for an original one."""
    side, _, rest = layer.partition(".")
    if side == "encoder":
        return _in_encoder(rest)
    pyramid = re.fullmatch(r"ppm\.(\d)\.(\d)", rest)
    if pyramid:
        name = f"pyramid{_BINS[int(pyramid[1])]}"
        return name if pyramid[2] == "1" else f"{name}_norm"
    return _DECODER[rest]


def _in_encoder(rest: str) -> str:
    block = re.fullmatch(r"layer(\d)\.(\d)\.(downsample\.\d|[a-z]+)(\d?)", rest)
    if not block:
        return {"conv1": "stem", "bn1": "stem_norm"}[rest]
    stage, index, part, number = block.groups()
    return f"stage{stage}_block{int(index) + 1}_{_ENCODER[part].format(number)}"
