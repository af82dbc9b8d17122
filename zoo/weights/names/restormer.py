"""Names of the layers in Restormer's published checkpoints, and the sizes that their shapes tell."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from zoo.errors import ZooError
from zoo.weights.names.base import Shapes, count_in

TELLING = (
    "patch_embed.proj.weight",
    "encoder_level1.0.attn.qkv_dwconv.weight",
    "latent.0.attn.temperature",
    "output.weight",
)

_OTHERS = {
    "patch_embed.proj": "embed",
    "output": "correction",
    "skip_conv": "skip",
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


def options_of(shapes: Shapes) -> dict[str, Any]:
    """Width, channels, numbers of blocks and heads, expansion, biases, norms and whether two views are taken.

    Raises:
        ZooError: When no expansion gives the hidden channels of all levels.
    """
    rows = [f"encoder_level{level}" for level in range(1, count_in(shapes, r"encoder_level(\d)\."))] + ["latent"]
    width, channels = shapes["patch_embed.proj.weight"][:2]
    heads = [shapes.get(f"{row}.0.attn.temperature", (1,))[0] for row in rows]
    hidden = [tuple(shape[:2]) for name, shape in shapes.items() if name.endswith(".ffn.project_out.weight")]
    return {
        "width": width,
        "image_channels": channels,
        "channels_out": shapes["output.weight"][0],
        "level_blocks": tuple(count_in(shapes, rf"{row}\.(\d+)\.") for row in rows),
        "heads": tuple(heads),
        "refinement_blocks": count_in(shapes, r"refinement\.(\d+)\."),
        "expansion": _expansion(hidden),
        "use_bias": any(name.endswith(".attn.qkv.bias") for name in shapes),
        "norm_shift": any(name.endswith(".norm1.body.bias") for name in shapes),
        "dual_pixel": "skip_conv.weight" in shapes,
    }


def _expansion(sizes: Sequence[tuple[int, ...]]) -> float:
    """The shortest decimal number that, times the channels and rounded down, is the hidden channels everywhere.

    Args:
        sizes: Pairs of channels and hidden channels.

    >>> _expansion([(48, 127), (96, 255), (192, 510), (384, 1021)]), _expansion([(48, 96)])
    (2.66, 2.0)
    """
    least = max(hidden / channels for channels, hidden in sizes)
    for digits in range(16):
        found = math.ceil(round(least * 10**digits, 6)) / 10**digits
        if all(int(channels * found) == hidden for channels, hidden in sizes):
            return found
    channels, hidden = sizes[0]
    raise ZooError(f"no expansion gives the hidden channels of all feed-forward parts ({hidden} of {channels}, ...)")
