"""Names of the layers in MPRNet's published checkpoints, and the sizes that their shapes tell.

The feature catcher's code has its names from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from zoo.errors import ZooError
from zoo.weights.names.base import Shapes, count_in

TELLING = ("shallow_feat1.0.weight", "stage1_encoder.encoder_level2.0.body.0.weight", "concat12.weight", "tail.weight")

_ATTENTION_BLOCK = {"body.0": "conv1", "body.2": "conv2", "CA.conv_du.0": "squeeze", "CA.conv_du.2": "excite"}
_PATTERNS = (
    (r"shallow_feat(\d)\.0", r"stage\1_conv"),
    (r"stage(\d)_encoder\.down(\d)\d\.down\.1", r"stage\1_down\2"),
    (r"stage(\d)_encoder\.csff_enc(\d)", r"stage\1_fuse_encoder\2"),
    (r"stage(\d)_encoder\.csff_dec(\d)", r"stage\1_fuse_decoder\2"),
    (r"stage(\d)_decoder\.up\d(\d)\.up\.1", r"stage\1_up\2"),
    (r"stage3_orsnet\.orb(\d)\.body\.\d+", r"stage3_group\1_conv"),
    (r"stage3_orsnet\.up_enc1\.up\.1", r"stage3_from_encoder2_narrow1"),
    (r"stage3_orsnet\.up_dec1\.up\.1", r"stage3_from_decoder2_narrow1"),
    (r"stage3_orsnet\.conv_enc(\d)", r"stage3_from_encoder\1_widen"),
    (r"stage3_orsnet\.conv_dec(\d)", r"stage3_from_decoder\1_widen"),
    (r"sam(\d)\d\.conv1", r"stage\1_features"),
    (r"sam12\.conv2", "stage1_picture_change"),
    (r"sam23\.conv2", "stage2_change"),
    (r"sam(\d)\d\.conv3", r"stage\1_gate"),
    (r"concat\d(\d)", r"stage\1_join"),
    (r"tail", "sharp_change"),
)
# Blocks of channel attention.
_BLOCKS = (
    (r"shallow_feat(\d)\.1", r"stage\1_cab"),
    (r"stage(\d)_decoder\.skip_attn(\d)", r"stage\1_skip\2"),
)
# These count from 0, our names from 1.
_COUNTED = ((r"stage(3)_orsnet\.up_(enc|dec)2\.(\d)\.up\.1", "stage{0}_from_{1}oder3_narrow{2}"),)
_COUNTED_BLOCKS = (
    (r"stage(\d)_(encoder|decoder)\.\w+_level(\d)\.(\d+)", "stage{0}_{1}{2}_{3}"),
    (r"stage(3)_orsnet\.orb(\d)\.body\.(\d+)", "stage{0}_group{1}_{2}"),
)


def layer_of(layer: str, leaf: str) -> str | None:
    """The name of our layer that a tensor of a checkpoint belongs to.

    Args:
        layer: The tensor's name up to its last dot, e.g. `stage1_encoder.encoder_level1.0.body.2`. The one slope of
            every PReLU comes under the name of each of them.
        leaf: What follows: `weight`, which alone there is.

    Returns:
        The layer's name, None for a tensor that MPRNet has not.

    >>> layer_of("stage1_encoder.encoder_level1.0.body.2", "weight"), layer_of("concat12", "weight")
    ('stage1_encoder1_1_conv2', 'stage2_join')
    """
    inside = re.fullmatch(r"(.*?)\.(body\.[012]|CA\.conv_du\.[02])", layer)
    block = _renamed(inside[1], _BLOCKS, _COUNTED_BLOCKS) if inside else None
    if inside and block:
        return "prelu" if inside[2] == "body.1" else f"{block}_{_ATTENTION_BLOCK[inside[2]]}"
    return _renamed(layer, _PATTERNS, _COUNTED)


def options_of(shapes: Shapes) -> dict[str, Any]:
    """Widths, channels of the image, numbers of blocks, kernel, biases, and by how much channel attention narrows.

    Raises:
        ZooError: When no factor gives the hidden channels of all attention.
    """
    width, channels, kernel = shapes["shallow_feat1.0.weight"][:3]
    levels = [shapes[f"stage1_encoder.encoder_level{level}.0.body.0.weight"][0] for level in (2, 3)]
    attention = [shape[:2] for name, shape in shapes.items() if name.endswith(".CA.conv_du.0.weight")]
    return {
        "widths": (width, *levels),
        "image_channels": channels,
        "channels_out": shapes["tail.weight"][0],
        "original_width": shapes["tail.weight"][1],
        "original_blocks": count_in(shapes, r"stage3_orsnet\.orb1\.body\.(\d+)\.body\."),
        "level_blocks": count_in(shapes, r"stage1_encoder\.encoder_level1\.(\d+)\."),
        "reduction": _reduction(attention),
        "kernel": kernel,
        "use_bias": "shallow_feat1.0.bias" in shapes,
    }


def _reduction(sizes: Sequence[tuple[int, ...]]) -> int:
    """The smallest factor that divides all channels, rounded down, to those that attention narrows them to.

    Args:
        sizes: Pairs of narrowed channels and channels.

    >>> _reduction([(24, 96), (36, 144)]), _reduction([(3, 10), (5, 16)])
    (4, 3)
    """
    for factor in range(1, 1 + max(channels for _, channels in sizes)):
        if all(channels // factor == narrow for narrow, channels in sizes):
            return factor
    narrow, channels = sizes[0]
    raise ZooError(f"no one factor narrows the channels of all attention ({channels} to {narrow}, ...)")


def _renamed(layer: str, patterns: Sequence[tuple[str, str]], counted: Sequence[tuple[str, str]]) -> str | None:
    """The name that the first pattern gives; None where none fits."""
    for pattern, ours in patterns:
        if re.fullmatch(pattern, layer):
            return re.sub(pattern, ours, layer)
    for pattern, ours in counted:
        match = re.fullmatch(pattern, layer)
        if match:
            return ours.format(*match.groups()[:-1], int(match.groups()[-1]) + 1)
    return None
