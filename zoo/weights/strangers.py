"""Restoration models that the zoo does not have, told by names of tensors that only they have together."""

from __future__ import annotations

from collections.abc import Container

# Names in the authors' code; the first model all of whose names are there counts, so those that were made out of
# another stand before it.
_TELLING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Uformer", ("input_proj.proj.0.weight", "encoderlayer_0.blocks.0.norm1.weight")),
    ("MIMO-UNet", ("AFFs.0.conv.0.main.0.weight", "FAM1.merge.main.0.weight", "SCM1.main.0.main.0.weight")),
    ("HINet", ("down_path_1.0.conv_1.weight", "skip_conv_1.0.weight", "cat12.weight")),
    ("Stripformer", ("encoder.en_layer1_1.0.weight", "Trans_block_1.attention_norm.weight")),
    ("FFTformer", ("encoder_level1.0.ffn.fft", "fuse1.conv.weight")),
    ("DeblurGAN-v2", ("fpn.lateral4.weight", "head1.block0.weight", "smooth2.0.weight")),
    ("PromptIR", ("prompt1.prompt_param", "patch_embed.proj.weight")),
    ("KBNet", ("encoders.0.0.attgamma", "middle_blks.0.w")),
    ("KBNet", ("latent.0.ffn.qkv.weight", "refinement.0.attn.dwconv.0.weight")),
    ("M3SNet", ("middle_blks.0.temperature", "middle_ups.0.0.weight")),
    ("MIRNet-v2", ("body.0.body.0.dau_top.gcnet.conv_mask.weight",)),
    ("HAT", ("layers.0.residual_group.overlap_attn.qkv.weight", "conv_first.weight")),
    ("Swin2SR", ("layers.0.residual_group.blocks.0.attn.logit_scale", "conv_first.weight")),
    ("SwinIR", ("layers.0.residual_group.blocks.0.attn.relative_position_bias_table", "conv_first.weight")),
    ("GRL", ("layers.0.blocks.0.attn.window_attn.attn_transform.logit_scale", "norm_start.weight")),
    ("ESRGAN (RRDB)", ("body.0.rdb1.conv1.weight", "conv_first.weight")),
    ("ESRGAN (RRDB)", ("RRDB_trunk.0.RDB1.conv1.weight", "conv_first.weight")),
    ("ESRGAN (RRDB)", ("model.1.sub.0.RDB1.conv1.0.weight", "model.0.weight")),
    ("RCAN", ("body.0.body.0.body.3.conv_du.0.weight",)),
    ("SCUNet", ("m_head.0.weight", "m_tail.0.weight")),
    ("DRUNet", ("m_head.weight", "m_body.0.res.0.weight")),
)


def stranger_of(names: Container[str]) -> str | None:
    """The model that tensors of these names are of; None where no name tells one.

    >>> stranger_of({"encoder_level1.0.ffn.fft", "fuse1.conv.weight", "output.weight"})
    'FFTformer'
    """
    return next((model for model, telling in _TELLING if all(name in names for name in telling)), None)
