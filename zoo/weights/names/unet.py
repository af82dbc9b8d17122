"""U-Nets 1 to 3: names in their authors' code (Buda; Yuan; milesial) -> ours."""

from __future__ import annotations

import re

# Places in a block of U-Net 3.
_PLACES = {"0": "conv1", "1": "norm1", "3": "conv2", "4": "norm2"}
_BOTTOM = 5


def layer_of_unet1(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `encoder2.enc2conv1`, `bottleneck.bottlenecknorm2`, `upconv3`."""
    if layer == "conv":
        return "sharp"
    if up := re.fullmatch(r"upconv([1-4])", layer):
        return f"up{up[1]}"
    part = re.fullmatch(r"(encoder[1-4]|decoder[1-4]|bottleneck)\.(?:enc|dec|bottleneck)\d?(conv|norm)([12])", layer)
    return f"{part[1].replace('bottleneck', 'bottom')}_{part[2]}{part[3]}" if part else None


def layer_of_unet2(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `dconv_down2.0`, `dconv_down4.2` (the bottom), `dconv_up1.0`, `conv_last`."""
    if layer == "conv_last":
        return "sharp"
    part = re.fullmatch(r"dconv_(down|up)([1-4])\.([02])", layer)
    if not part:
        return None
    name = {"down": "encoder", "up": "decoder"}[part[1]] + part[2]
    return f"{'bottom' if name == 'encoder4' else name}_conv{1 + int(part[3]) // 2}"


def layer_of_unet3(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `inc.double_conv.0`, `down4.maxpool_conv.1.double_conv.3`, `up1.up`, `up1.conv.double_conv.1`.

    The decoder's levels are counted from the bottom there, from the top here.
    """
    if layer == "outc.conv":
        return "sharp"
    if up := re.fullmatch(r"up([1-4])\.up", layer):
        return f"up{_BOTTOM - int(up[1])}"
    part = re.fullmatch(r"(inc|down|up)(\d?)(?:\.maxpool_conv\.1|\.conv)?\.double_conv\.([0134])", layer)
    if not part:
        return None
    kind, number, place = part.groups()
    level = {"inc": 1, "down": 1 + int(number or 0), "up": _BOTTOM - int(number or 0)}[kind]
    name = "decoder" if kind == "up" else "encoder"
    return f"{'bottom' if level == _BOTTOM else f'{name}{level}'}_{_PLACES[place]}"


MODELS = {"unet1": layer_of_unet1, "unet2": layer_of_unet2, "unet3": layer_of_unet3}
