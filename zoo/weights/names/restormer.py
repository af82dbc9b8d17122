"""Names of the layers in Restormer's published checkpoints."""

from __future__ import annotations

import re

_OTHERS = {
    "patch_embed.proj": "embed",
    "output": "correction",
    "down1_2.body.0": "down1",
    "down2_3.body.0": "down2",
    "down3_4.body.0": "down3",
    "up4_3.body.0": "up3",
    "up3_2.body.0": "up2",
    "up2_1.body.0": "up1",
    "reduce_chan_level3": "reduce3",
    "reduce_chan_level2": "reduce2",
}
_PARTS = {
    "norm1.body": "norm1",
    "attn": "attention",
    "attn.qkv": "qkv",
    "attn.qkv_dwconv": "qkv_around",
    "attn.project_out": "attended",
    "norm2.body": "norm2",
    "ffn.project_in": "expand",
    "ffn.dwconv": "expand_around",
    "ffn.project_out": "project",
}


def layer_of(layer: str, leaf: str) -> str | None:
    """The name of our layer that a tensor of a checkpoint belongs to.

    Args:
        layer: The tensor's name up to its last dot, e.g. `encoder_level2.5.attn`.
        leaf: What follows: `weight`, `bias`, `temperature`.

    Returns:
        The layer's name, None for a tensor that Restormer has not.

    >>> layer_of("encoder_level2.5.attn", "temperature"), layer_of("down1_2.body.0", "weight")
    ('encoder2_6_attention', 'down1')
    """
    if layer in _OTHERS:
        return _OTHERS[layer]
    block = re.fullmatch(r"(?:(encoder|decoder)_level([123])|(latent|refinement))\.(\d+)\.(.+)", layer)
    if not block or block[5] not in _PARTS or (block[5] == "attn") != (leaf == "temperature"):
        return None
    row = f"{block[1]}{block[2]}" if block[1] else block[3]
    return f"{row}_{int(block[4]) + 1}_{_PARTS[block[5]]}"
