"""Names of the U-Nets' layers in their authors' code -> ours."""

from __future__ import annotations

import re

# Decoder levels by the original's numbers: U-Net 3 counts from the bottom.
_PLACES = {"0": "conv1", "1": "norm1", "3": "conv2", "4": "norm2"}


def layer_of_unet1(layer: str, kind: str) -> str:
    """Maps e.g. `encoder2.enc2conv1`, `bottleneck.bottlenecknorm2`, `upconv3`."""
    if layer == "conv":
        return "sharp"
    if layer.startswith("upconv"):
        return f"up{layer[-1]}"
    block, operation = layer.split(".")
    part = re.search(r"(conv|norm)(\d)$", operation)
    assert part is not None
    return f"{block.replace('bottleneck', 'bottom')}_{part.group(1)}{part.group(2)}"


def layer_of_unet2(layer: str, kind: str) -> str:
    """Maps e.g. `dconv_down2.0`, `dconv_down4.2` (the bottom), `dconv_up1.0`, `conv_last`."""
    if layer == "conv_last":
        return "sharp"
    block, place = layer.split(".")
    name = {"dconv_down4": "bottom"}.get(block, block.replace("dconv_down", "encoder").replace("dconv_up", "decoder"))
    return f"{name}_conv{1 + int(place) // 2}"


def layer_of_unet3(layer: str, kind: str) -> str:
    """Maps e.g. `inc.double_conv.0`, `down4.maxpool_conv.1.double_conv.3`, `up1.up`, `up1.conv.double_conv.1`."""
    if layer == "outc.conv":
        return "sharp"
    block, *_, place = layer.split(".")
    if place == "up":
        return f"up{5 - int(block[-1])}"
    if block.startswith("up"):
        name = f"decoder{5 - int(block[-1])}"
    else:
        level = 1 if block == "inc" else 1 + int(block[-1])
        name = "bottom" if level == 5 else f"encoder{level}"
    return f"{name}_{_PLACES[place]}"
