"""FBA-Net: a dilated ResNet-50 with pyramid pooling, from image matting, put to deblurring grey images.

Source: Germer, Uelwer and Harmeling, the HDC2021 entry built on blur estimation (paper and public code), after Forte
and Pitié, "F, B, Alpha Matting" (2020). Every convolution down to the decoder at half resolution has standardised
weights and is followed by group normalisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.models._papers import CHARACTERS
from zoo.models._shared import grey_tail, he_normal
from zoo.registry import ModelInfo, Variant, register

BINS = (1, 2, 3, 6)
EPSILON = 1e-5
# Stride and dilations of the first and of the other bottlenecks of the four stages: the last two keep 1/8 resolution.
STAGES = ((1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4))
# A correction to the input gains within minutes: 400 steps of 8 crops against a fixed motion blur gave 2.2 dB, drawing
# the whole image as the authors' model does 0.4 dB.
TINY = {
    "filters": 8,
    "blocks": (1, 1, 2, 1),
    "groups": 4,
    "decoder_filters": 24,
    "head_filters": (24, 24),
    "global_residual": True,
    "residual_scale": 0.1,
}

INFO = ModelInfo(
    name="fba",
    title="FBA-Net",
    paper="T. Germer, T. Uelwer, S. Harmeling: deblurring the HDC2021 photographs (paper and public code), Table 1; "
    "after M. Forte, F. Pitié: F, B, Alpha Matting, 2020",
    references=(
        CHARACTERS,
        Reference(
            ("Forte, Marco", "Pitié, François"),
            "F, B, Alpha Matting",
            2020,
            "arXiv",
            "https://arxiv.org/abs/2003.07711",
            "misc",
        ),
    ),
    summary="A ResNet-50 dilated from 1/8 resolution on and pyramid pooling see the whole image; the decoder joins "
    "them with the early maps.",
    variants={
        "paper": Variant(
            34_667_841, macs=42_308_993_024, note="the encoder and decoder of the authors' code, one channel out"
        ),
        "tiny": Variant(
            275_617,
            macs=908_570_624,
            options=TINY,
            note="narrow and shallow, corrects its input, for laptops and tests",
        ),
    },
    default="paper",
    colour=False,
    size_multiple=8,
    minimum_size=8,
    licence="MIT",
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    filters: int = 64,
    blocks: Sequence[int] = (3, 4, 6, 3),
    groups: int = 32,
    decoder_filters: int = 256,
    head_filters: Sequence[int] = (32, 16),
    slope: float = 0.01,
    global_residual: bool = False,
    residual_scale: float = 1.0,
) -> Any:
    """Builds FBA-Net.

    Initial kernels are He-normal, our choice: standardisation takes their scale away except in the last three
    convolutions. The authors, too, load no pre-trained weights.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], the grey image copied three times, sides multiples of 8.
        filters: Filters of the first convolution and of the narrow convolutions of stage 1; they double per stage.
        blocks: Bottlenecks of the four stages.
        groups: Groups of every group normalisation; must divide all filters.
        decoder_filters: Filters of the pyramid's branches and of the decoder up to 1/4 resolution.
        head_filters: Filters of the two plain convolutions at full resolution.
        slope: Slope of the decoder's LeakyReLU below zero.
        global_residual: Whether the output is a correction to the grey image; our choice for the tiny variant, the
            authors' model has none.
        residual_scale: Factor on the initial kernel of the last convolution.

    Returns:
        Tensor (batch, height, width, 1), not clipped.
    """
    from zoo.layers.padding import ZeroMaps

    layers = keras.layers
    stem, stages = _encode(inputs, filters, blocks, groups)
    x = _pyramid(stages[3], decoder_filters, groups, slope)
    for name in ("up1_1", "up1_2"):
        x = _decode(x, decoder_filters, 3, name, groups, slope)
    x = _merge(x, [stages[0]], "up2")
    x = _decode(x, decoder_filters, 3, "up2", groups, slope)
    x = _merge(x, [stem], "up3")
    x = _decode(x, filters, 3, "up3", groups, slope)
    # The two maps of zeros stand where the matting network had the trimap.
    x = _merge(x, [inputs, inputs, ZeroMaps(2, name="no_trimap")(inputs)], "head")
    for index, width in enumerate(head_filters, start=1):
        x = layers.Conv2D(width, 3, padding="same", kernel_initializer="he_normal", name=f"head{index}")(x)
        x = layers.LeakyReLU(slope, name=f"head{index}_act")(x)
    return grey_tail(inputs, x, global_residual, he_normal(residual_scale))


def _encode(inputs: Tensor, filters: int, blocks: Sequence[int], groups: int) -> tuple[Tensor, list[Tensor]]:
    """The map at 1/2 resolution and those after each of the four stages."""
    layers = keras.layers
    x = _conv(inputs, filters, 7, "stem", groups, strides=2)
    stem = x = layers.ReLU(name="stem_act")(x)
    # After a ReLU a margin of zeros is as good as one of minus infinity.
    x = layers.ZeroPadding2D(1, name="pool_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool")(x)
    stages = []
    for stage, (count, (strides, first, others)) in enumerate(zip(blocks, STAGES, strict=True), start=1):
        width = filters << stage - 1
        for block in range(1, count + 1):
            options = {"strides": strides, "dilation_rate": first} if block == 1 else {"dilation_rate": others}
            x = _bottleneck(x, width, f"stage{stage}_block{block}", groups, project=block == 1, **options)
        stages.append(x)
    return stem, stages


def _bottleneck(x: Tensor, width: int, name: str, groups: int, *, project: bool, **options: Any) -> Tensor:
    """The residual block of a 1x1, a 3x3 and a 1x1 convolution to four times the width."""
    layers = keras.layers
    y = layers.ReLU(name=f"{name}_act1")(_conv(x, width, 1, f"{name}_conv1", groups))
    y = layers.ReLU(name=f"{name}_act2")(_conv(y, width, 3, f"{name}_conv2", groups, **options))
    y = _conv(y, 4 * width, 1, f"{name}_conv3", groups)
    if project:
        x = _conv(x, 4 * width, 1, f"{name}_project", groups, strides=options["strides"])
    return layers.ReLU(name=name)(layers.Add(name=f"{name}_sum")([y, x]))


def _pyramid(x: Tensor, filters: int, groups: int, slope: float) -> Tensor:
    """The map with its averages over 1, 4, 9 and 36 bins, projected and resized back, beside it."""
    from zoo.layers.pyramid_pooling import AdaptiveAveragePool, ResizeLike

    branches = [x]
    for bins in BINS:
        name = f"pyramid{bins}"
        y = AdaptiveAveragePool(bins, name=f"{name}_pool")(x)
        y = _decode(y, filters, 1, name, groups, slope)
        branches.append(ResizeLike(name=f"{name}_resize")([y, x]))
    return keras.layers.Concatenate(name="pyramid")(branches)


def _merge(x: Tensor, others: list[Tensor], name: str) -> Tensor:
    """The map at twice the resolution with others behind it."""
    from zoo.layers.upsampling import BilinearUpsample

    x = BilinearUpsample(2, name=f"{name}_resize")(x)
    return keras.layers.Concatenate(name=f"{name}_concat")([x, *others])


def _decode(x: Tensor, filters: int, size: int, name: str, groups: int, slope: float) -> Tensor:
    """Standardised convolution with bias, group normalisation and LeakyReLU."""
    x = _conv(x, filters, size, name, groups, use_bias=True)
    return keras.layers.LeakyReLU(slope, name=f"{name}_act")(x)


def _conv(x: Tensor, filters: int, size: int, name: str, groups: int, **options: Any) -> Tensor:
    """Symmetrically padded standardised convolution, without bias by default, and group normalisation."""
    from zoo.layers.normalisation import ImageGroupNormalization
    from zoo.layers.weight_standardisation import StandardisedConv2D

    options = {"use_bias": False, "kernel_initializer": "he_normal", **options}
    padding = "same"
    if options.get("strides", 1) > 1:
        # "same" would put the whole margin of a strided convolution at the bottom and right.
        padding = "valid"
        if size > 1:
            x = keras.layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
    x = StandardisedConv2D(filters, size, padding=padding, name=name, **options)(x)
    return ImageGroupNormalization(groups, epsilon=EPSILON, name=f"{name}_norm")(x)
