"""MAXIM: scopes in its authors' Flax code -> ours, which are the same with `__` for the slash.

What is a layer of ours with layers inside ends with the first slash of our name: `layer/layer inside/weight`.

Flax keeps the kernels of transposed convolutions as (kh, kw, in, out), and mirrored in height and width beside what
Keras wants: the last two axes change places and the first two are reversed. Graphs of TensorFlow.js have them in Keras'
order already.
"""

from __future__ import annotations

import re

TELLING = ("stage_0_input_conv_0/kernel", "stage_0_input_conv_1/kernel")

OPTIONAL = (r"stage_\d+_output_conv_[1-9]",)
"""The half-size and quarter-size images of the last stage: graphs that were published to restore lack them."""

WITHOUT_OPTIONAL = {"outputs": "sharp"}
"""What builds a model without those images."""

# A scope that is one layer here, and the scopes inside; of those, perceptrons along one axis and gates once more.
_BLOCK = re.compile(
    r"(.*?(?:SplitHeadMultiAxisGmlpLayer_\d+|channel_attention_block_1_?\d+|cross_gating_block(?:_\d+)?"
    r"|input_fuse_sam_\d+))/(.+)"
)
_INNER = re.compile(r"(GridGmlpLayer|BlockGmlpLayer|SplitHeadMultiAxisGating_[xy])/(.+)")
# Convolutions before the cross gating itself.
_OUTSIDE = ("Conv_0", "Conv_1", "ConvTranspose_0")
_NORM_LEAVES = {"scale": "gamma", "bias": "beta"}


def layer_of(layer: str, leaf: str) -> str | None:
    """Our layer for a scope, with the weight where the layer has layers inside.

    >>> layer_of("stage_0_encoder_block_0/Conv_0", "kernel")
    'stage_0_encoder_block_0__Conv_0'
    >>> layer_of("stage_0_global_block_1/channel_attention_block_1_0/LayerNorm", "scale")
    'stage_0_global_block_1__channel_attention_block_1_0/LayerNorm/gamma'
    """
    block = _BLOCK.fullmatch(layer)
    if block is None or block[2] in _OUTSIDE:
        return layer.replace("/", "__")
    outer, inside = block[1].replace("/", "__"), block[2]
    weight = _NORM_LEAVES.get(leaf, leaf) if "layernorm" in inside.rpartition("/")[2].lower() else leaf
    inner = _INNER.fullmatch(inside)
    path = f"{inner[1]}/{inner[2].replace('/', '__')}" if inner else inside.replace("/", "__")
    return f"{outer}/{path}/{weight}"
