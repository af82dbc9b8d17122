"""Names of the layers in MPRNet's published checkpoints; the feature catcher's code has them from it."""

from __future__ import annotations

import re

_ATTENTION_BLOCK = {"body.0": "conv1", "body.2": "conv2", "CA.conv_du.0": "squeeze", "CA.conv_du.2": "excite"}
_PATTERNS = (
    (r"shallow_feat(\d)\.0", r"stage\1_conv"),
    (r"shallow_feat(\d)\.1", r"stage\1_cab"),
    (r"stage(\d)_encoder\.down(\d)\d\.down\.1", r"stage\1_down\2"),
    (r"stage(\d)_encoder\.csff_enc(\d)", r"stage\1_fuse_encoder\2"),
    (r"stage(\d)_encoder\.csff_dec(\d)", r"stage\1_fuse_decoder\2"),
    (r"stage(\d)_decoder\.skip_attn(\d)", r"stage\1_skip\2"),
    (r"stage(\d)_decoder\.up\d(\d)\.up\.1", r"stage\1_up\2"),
    (r"stage3_orsnet\.orb(\d)\.body\.8", r"stage3_group\1_conv"),
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
# These count from 0, our names from 1.
_COUNTED = (
    (r"stage(\d)_(encoder|decoder)\.\w+_level(\d)\.(\d)", "stage{0}_{1}{2}_{3}"),
    (r"stage(3)_orsnet\.orb(\d)\.body\.(\d)", "stage{0}_group{1}_{2}"),
    (r"stage(3)_orsnet\.up_(enc|dec)2\.(\d)\.up\.1", "stage{0}_from_{1}oder3_narrow{2}"),
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
    block = re.fullmatch(r"(.*)\.(body\.[012]|CA\.conv_du\.[02])", layer)
    if block and not re.fullmatch(r".*orb\d", block[1]):
        own = layer_of(block[1], leaf)
        if own is None or block[2] == "body.1":
            return own and "prelu"
        return f"{own}_{_ATTENTION_BLOCK[block[2]]}"
    for pattern, ours in _PATTERNS:
        if re.fullmatch(pattern, layer):
            return re.sub(pattern, ours, layer)
    for pattern, ours in _COUNTED:
        match = re.fullmatch(pattern, layer)
        if match:
            return ours.format(*match.groups()[:-1], int(match.groups()[-1]) + 1)
    return None
