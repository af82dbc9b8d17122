"""MAXIM: stages of U-shaped models that mix pixels within blocks and across the whole image.

Source: Tu et al., "MAXIM: multi-axis MLP for image processing" (CVPR 2022), and the authors' released code, whose
weights fit here layer by layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.models.maxim.blocks import Blocks
from zoo.registry import ModelInfo, Variant, register

LEVELS = 3
OUTPUTS = ("sharp", "stages", "all")
"""What a model may return, see `build`."""

TINY = {
    "filters": 6,
    "stages": 2,
    "groups": 1,
    "bottom_blocks": 1,
    "sizes": (4, 4),
    "reduction": 1,
    "residual_scale": 0.1,
    "outputs": "sharp",
}

INFO = ModelInfo(
    name="maxim",
    title="MAXIM",
    paper="Z. Tu, H. Talebi, H. Zhang, F. Yang, P. Milanfar, A. Bovik, Y. Li: MAXIM: multi-axis MLP for image "
    "processing, CVPR 2022, and released code",
    references=(
        Reference(
            (
                "Tu, Zhengzhong",
                "Talebi, Hossein",
                "Zhang, Han",
                "Yang, Feng",
                "Milanfar, Peyman",
                "Bovik, Alan",
                "Li, Yinxiao",
            ),
            "MAXIM: Multi-Axis MLP for Image Processing",
            2022,
            "CVPR 2022",
            "https://arxiv.org/abs/2201.02973",
        ),
    ),
    summary="Stages of U-shaped models whose perceptrons mix the pixels of blocks and the cells of a grid, so that "
    "each layer sees near and far; encoder and decoder gate each other.",
    variants={
        "gopro": Variant(
            22_212_795,
            macs=152_123_439_104,
            note="S-3, as all published deblurring weights: nine images, the restored first",
        ),
        "s2": Variant(14_176_178, macs=96_662_605_824, options={"stages": 2}, note="two stages, six images"),
        "s1": Variant(6_139_561, macs=41_201_772_544, options={"stages": 1}, note="one stage, three images"),
        "tiny": Variant(
            250_022,
            macs=1_946_820_768,
            options=TINY,
            size_multiple=32,
            note="narrow and shallow, sides multiples of 32, for laptops and tests",
        ),
    },
    default="gopro",
    defaults={"small": "tiny"},
    size_multiple=64,
    minimum_size=32,
    licence="Apache-2.0",
)

# Maps or images of all levels, finest first.
Maps = list[Tensor]


@dataclass(frozen=True)
class _Before:
    """What a stage hands to the next one.

    Attributes:
        attended: Features after supervised attention.
        features: Sums of the encoder's and the decoder's maps.
    """

    attended: Maps
    features: Maps


@register(INFO)
def build(
    inputs: Tensor,
    *,
    filters: int = 32,
    stages: int = 3,
    groups: int = 2,
    bottom_blocks: int = 2,
    sizes: tuple[int, int] = (16, 8),
    reduction: int = 4,
    slope: float = 0.2,
    outputs: str = "all",
    residual_scale: float = 1.0,
) -> Any:
    """Builds MAXIM.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1]; both sides multiples of the first of `sizes` times 2 and of
            the second times 8.
        filters: Channels at full resolution; they double from each of the three levels to the next.
        stages: How many U-shaped models follow each other.
        groups: Multi-axis perceptrons, each with its attention, in a block.
        bottom_blocks: Blocks at an eighth of the resolution.
        sizes: Sides of blocks and grids on the two finer levels, and on the third and below.
        reduction: Factor by which channel attention narrows.
        slope: Slope of every LeakyReLU below zero.
        outputs: `"all"` for images in full, half and quarter size of every stage, with which the paper trains;
            `"stages"` for the full-size image of every stage; `"sharp"` for the restored image alone. The smaller
            images of the last stage have weights of their own, which the other two leave out.
        residual_scale: Factor on the initial kernels of what is added to something.

    Returns:
        Tensor (batch, height, width, 3), not clipped, or a list of images: the last stage's first, of a stage the
        largest first.

    Raises:
        ZooError: For other `outputs`, less than one stage, and sizes that are not two.
    """
    from zoo.layers import NearestShrink

    if outputs not in OUTPUTS:
        raise ZooError(f"outputs must be one of {', '.join(OUTPUTS)}, not {outputs!r}")
    if len(sizes) != 2:
        raise ZooError(f"sizes must be two, a fine and a coarse one, not {sizes!r}")
    fine, coarse = sizes
    blocks = Blocks(
        tuple(filters * 2**level for level in range(LEVELS)),
        (fine, fine, coarse, coarse),
        groups,
        reduction,
        slope,
        residual_scale,
    )
    full = keras.config.dtype_policy().variable_dtype
    images = [inputs]
    for level in range(1, LEVELS):
        images.append(NearestShrink(2**level, dtype=full, name=f"image_{level}")(inputs))

    before = None
    restored: list[Maps] = []
    for number in range(stages):
        decoded, before = _stage(blocks, images, number, bottom_blocks, before)
        if number < stages - 1:
            before, heads = _attended(blocks, images, number, decoded, before)
        else:
            heads = _restored(blocks, images, number, decoded, LEVELS if outputs == "all" else 1)
        restored.insert(0, heads)
    if outputs == "sharp":
        return restored[0][0]
    return [image for heads in restored for image in (heads if outputs == "all" else heads[:1])]


def _stage(
    blocks: Blocks, images: Maps, number: int, bottom_blocks: int, before: _Before | None
) -> tuple[Maps, _Before]:
    """One U-shaped model: returns the decoder's maps and what the next stage takes, as yet without attention."""
    encoded, x = _encoded(blocks, images, number, before)
    for index in range(bottom_blocks):
        x = blocks.bottom(x, f"stage_{number}_global_block_{index}")
    counter = iter(range(2 * LEVELS**2 * number, 2 * LEVELS**2 * (number + 1)))
    skips = _skips(blocks, encoded, x, number, counter)
    decoded = _decoded(blocks, skips, x, number, counter)
    sums = [
        keras.layers.Add(name=f"stage_{number}_features_{level}")(pair)
        for level, pair in enumerate(zip(encoded, decoded, strict=True))
    ]
    return decoded, _Before([], sums)


def _encoded(blocks: Blocks, images: Maps, number: int, before: _Before | None) -> tuple[Maps, Tensor]:
    """The encoder's maps, and what it gives to the bottom."""
    encoded, x = [], None
    for level, image in enumerate(images):
        name = f"stage_{number}_encoder_block_{level}"
        own = blocks.conv(image, blocks.widths[level], 3, f"stage_{number}_input_conv_{level}")
        if before is not None:
            own, _ = blocks.cross_gating(own, before.attended[level], level, f"stage_{number}_input_fuse_sam_{level}")
        bridge = blocks.level_block([own if x is None else x, own], level, name)
        if before is not None:
            bridge, _ = blocks.cross_gating(bridge, before.features[level], level, f"{name}__cross_gating_block")
        encoded.append(bridge)
        x = blocks.conv(bridge, blocks.widths[level], 4, f"{name}__Conv_1", strides=2)
    return encoded, x


def _skips(blocks: Blocks, encoded: Maps, bottom: Tensor, number: int, counter: Iterator[int]) -> Maps:
    """What the decoder is given of the encoder: all its levels, gated by what comes up from the bottom."""
    skips: Maps = []
    for level in reversed(range(LEVELS)):
        signal = _joined(blocks, list(enumerate(encoded)), level, counter, f"stage_{number}_encoded_{level}")
        name = f"stage_{number}_cross_gating_block_{level}"
        skip, bottom = blocks.cross_gating(signal, bottom, level, name, upsample=True)
        skips.insert(0, skip)
    return skips


def _decoded(blocks: Blocks, skips: Maps, x: Tensor, number: int, counter: Iterator[int]) -> Maps:
    """The decoder's maps."""
    decoded: Maps = []
    for level in reversed(range(LEVELS)):
        # The coarsest skip comes first here, the finest map in the encoder's signals.
        signal = _joined(blocks, list(enumerate(skips))[::-1], level, counter, f"stage_{number}_skips_{level}")
        name = f"stage_{number}_decoder_block_{level}"
        x = blocks.up(x, blocks.widths[level], f"{name}__ConvTranspose_0")
        x = blocks.level_block([x, signal], level, f"{name}__UNetEncoderBlock_0")
        decoded.insert(0, x)
    return decoded


def _joined(blocks: Blocks, maps: list[tuple[int, Tensor]], level: int, counter: Iterator[int], name: str) -> Tensor:
    """Maps of all levels, brought to one level and concatenated; the code numbers what resizes them throughout."""
    resized = [blocks.resized(x, source, level, f"UpSampleRatio_{next(counter)}") for source, x in maps]
    return keras.layers.Concatenate(name=name)(resized)


def _attended(blocks: Blocks, images: Maps, number: int, decoded: Maps, before: _Before) -> tuple[_Before, Maps]:
    """What the next stage takes, and the stage's own images."""
    pairs = [
        blocks.supervised_attention(x, image, f"stage_{number}_supervised_attention_module_{level}", name)
        for level, (x, image, name) in enumerate(zip(decoded, images, _names(f"stage_{number}_image"), strict=True))
    ]
    return _Before([features for features, _ in pairs], before.features), [image for _, image in pairs]


def _restored(blocks: Blocks, images: Maps, number: int, decoded: Maps, levels: int) -> Maps:
    """The images of the last stage."""
    return [
        blocks.image(decoded[level], images[level], f"stage_{number}_output_conv_{level}", name)
        for level, name in enumerate(_names("sharp")[:levels])
    ]


def _names(name: str) -> list[str]:
    return [name, *(f"{name}_{level}" for level in range(1, LEVELS))]
