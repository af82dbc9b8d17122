"""FCN: names in Zhang et al.'s released code, which are those of MPRNet and more, -> ours."""

from __future__ import annotations

import re

from zoo.weights.names.base import UNUSED

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
    (r"attention_(down|up)", r"stage0_efem_\1"),
)
# These count from 0, our names from 1.
_COUNTED = (
    (r"stage(\d)_(encoder|decoder)\.\w+_level(\d)\.(\d)", "stage{0}_{1}{2}_{3}"),
    (r"stage(3)_orsnet\.orb(\d)\.body\.(\d)", "stage{0}_group{1}_{2}"),
    (r"stage(3)_orsnet\.up_(enc|dec)2\.(\d)\.up\.1", "stage{0}_from_{1}oder3_narrow{2}"),
)


# The released code makes a second decoder for stage 1 and never calls it.
_DEAD = re.compile(r"stage1_decoder\w+\..*|stage0_decoder\..*")


def layer_of(layer: str, leaf: str) -> str | None:
    """Our layer for e.g. `shallow_feat1.1.body.0`, `stage2_encoder.csff_enc1`, `sam12.conv3`, `tail`.

    One PReLU serves the whole model, so every attention block has it under a name of its own (`...body.1`).
    """
    if _DEAD.fullmatch(layer):
        return UNUSED
    block = re.fullmatch(r"(.*)\.(body\.[012]|CA\.conv_du\.[02])", layer)
    if block and not re.fullmatch(r".*orb\d", block[1]):
        part = _ATTENTION_BLOCK.get(block[2])
        outer = layer_of(block[1], "")
        return "prelu" if part is None else outer and f"{outer}_{part}"
    for pattern, ours in _PATTERNS:
        if re.fullmatch(pattern, layer):
            return re.sub(pattern, ours, layer)
    for pattern, ours in _COUNTED:
        match = re.fullmatch(pattern, layer)
        if match:
            return ours.format(*match.groups()[:-1], int(match.groups()[-1]) + 1)
    return None
