"""FBA-Net: names in Germer, Uelwer and Harmeling's code (hdc2021-psfnn) -> ours."""

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


def layer_of(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `encoder.layer1.0.conv2`, `encoder.bn1`, `decoder.ppm.0.1`, `decoder.conv_up2.0`."""
    side, _, rest = layer.partition(".")
    if side == "encoder":
        return _in_encoder(rest)
    pyramid = re.fullmatch(r"ppm\.([0-3])\.([12])", rest)
    if pyramid:
        name = f"pyramid{_BINS[int(pyramid[1])]}"
        return name if pyramid[2] == "1" else f"{name}_norm"
    return _DECODER.get(rest)


def _in_encoder(rest: str) -> str | None:
    block = re.fullmatch(r"layer(\d)\.(\d)\.(downsample\.[01]|conv|bn)(\d?)", rest)
    if not block:
        return {"conv1": "stem", "bn1": "stem_norm"}.get(rest)
    stage, index, part, number = block.groups()
    return f"stage{stage}_block{int(index) + 1}_{_ENCODER[part].format(number)}"
