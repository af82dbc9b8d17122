"""ATROUS_NET: residual blocks of four parallel dilated convolutions at half resolution.

Source: Mancini and Simonati, deep image deblurring (University of Bologna report), the section on ATROUS_NET and the
authors' code, after stage 1 of UniA (Brehm et al., NTIRE 2020). The first convolution and 5, 10 or 20 blocks see
111, 211 or 411 pixels; the tail adds six.
"""

from __future__ import annotations

from typing import Any

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.models._papers import BOLOGNA
from zoo.models._shared import he_normal
from zoo.registry import ModelInfo, Variant, register

DILATIONS = (1, 2, 3, 4)
# A first guess near the blurred input lets so small a model gain within minutes; the authors' scale is 1.
TINY = {"blocks": 4, "stem_filters": 16, "block_filters": 32, "tail_filters": 16, "residual_scale": 0.1}

INFO = ModelInfo(
    name="atrous",
    title="ATROUS_NET",
    paper="L. Mancini, M. Simonati: deep image deblurring (University of Bologna), Tables 1 to 5; "
    "after S. Brehm et al., NTIRE 2020 (UniA)",
    references=(
        BOLOGNA,
        Reference(
            ("Brehm, Stephan", "Scherer, Sebastian", "Lienhart, Rainer"),
            "High-Resolution Dual-Stage Multi-Level Feature Aggregation for Single Image and Video Deblurring",
            2020,
            "CVPR Workshops 2020 (NTIRE)",
        ),
    ),
    summary="Dilated convolutions in parallel see far without pooling; the output is a correction to the middle frame.",
    variants={
        "reds": Variant(
            24_433_539,
            macs=412_102_950_912,
            receptive_field=217,
            frames=3,
            options={"blocks": 10},
            note="three frames, ten blocks (REDS)",
        ),
        "cifar10": Variant(
            12_571_011,
            macs=214_752_559_104,
            receptive_field=117,
            options={"blocks": 5},
            note="one frame, five blocks (CIFAR-10)",
        ),
        "image-20": Variant(
            47_971_971,
            macs=794_573_144_064,
            receptive_field=417,
            options={"blocks": 20},
            note="one frame, the code's default of 20 blocks",
        ),
        "video-20": Variant(
            48_034_179,
            macs=798_650_007_552,
            receptive_field=417,
            frames=3,
            options={"blocks": 20},
            note="three frames, 20 blocks (UniA's depth)",
        ),
        "tiny": Variant(
            166_067,
            macs=3_152_019_456,
            receptive_field=97,
            options=TINY,
            note="four narrow blocks, one frame, for laptops and tests",
        ),
        "tiny-video": Variant(
            173_843,
            macs=3_661_627_392,
            receptive_field=97,
            frames=3,
            options=TINY,
            note="four narrow blocks, three frames",
        ),
    },
    default="reds",
    defaults={"small": "cifar10", "still": "image-20", "text": "image-20"},
    size_multiple=2,
    minimum_size=2,
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    blocks: int = 10,
    stem_filters: int = 128,
    block_filters: int = 256,
    tail_filters: int = 64,
    slope: float = 0.3,
    long_skip: bool = True,
    residual_scale: float = 1.0,
) -> Tensor:
    """Builds ATROUS_NET.

    Args:
        inputs: Tensor (batch, height, width, 3 or 9) in [0, 1], both sides even.
        blocks: Number of dilated residual blocks.
        stem_filters: Filters of the first and of the transposed convolution.
        block_filters: Filters at half resolution; each dilated branch has half as many.
        tail_filters: Filters of the convolution before the last.
        slope: Slope of every LeakyReLU below zero; 0.3, the Keras default, is what the authors' code runs.
        long_skip: Whether the first convolution's map is concatenated before the tail. The authors' code has it,
            the report's prose does not mention it.
        residual_scale: Factor on the initial (He-normal) kernels of what is added to something: the last convolution
            of each block and of the model.

    Returns:
        Tensor (batch, height, width, 3), not clipped.
    """
    from zoo.layers.select_channels import MiddleFrame

    layers = keras.layers
    stem = _conv(inputs, stem_filters, 9, "stem", slope)
    x = _conv(stem, block_filters, 3, "down", slope, strides=2)
    for index in range(1, blocks + 1):
        x = _block(x, block_filters, f"block{index}", slope, residual_scale)
    x = layers.Conv2DTranspose(stem_filters, 3, strides=2, padding="same", kernel_initializer="he_normal", name="up")(x)
    x = layers.LeakyReLU(slope, name="up_act")(x)
    if long_skip:
        x = layers.Concatenate(name="long_skip")([x, stem])
    x = _conv(x, tail_filters, 3, "tail", slope)
    full = keras.config.dtype_policy().variable_dtype
    start = he_normal(residual_scale)
    correction = layers.Conv2D(3, 3, padding="same", kernel_initializer=start, dtype=full, name="correction")(x)
    middle = MiddleFrame(dtype=full, name="middle_frame")(inputs)
    return layers.Add(dtype=full, name="sharp")([correction, middle])


def _block(x: Tensor, filters: int, name: str, slope: float, residual_scale: float) -> Tensor:
    """The residual block: four dilated branches, concatenated, fused, added to the block's input."""
    layers = keras.layers
    branches = [_conv(x, filters // 2, 3, f"{name}_dilation{rate}", slope, dilation_rate=rate) for rate in DILATIONS]
    fused = layers.Concatenate(name=f"{name}_concat")(branches)
    fused = _conv(fused, filters, 3, f"{name}_fuse", slope, kernel_initializer=he_normal(residual_scale))
    return layers.Add(name=f"{name}_sum")([fused, x])


def _conv(x: Tensor, filters: int, size: int, name: str, slope: float, **options: Any) -> Tensor:
    """Convolution ("same", He-normal unless `options` say otherwise) and LeakyReLU."""
    options = {"padding": "same", "kernel_initializer": "he_normal", **options}
    x = keras.layers.Conv2D(filters, size, name=name, **options)(x)
    return keras.layers.LeakyReLU(slope, name=f"{name}_act")(x)
