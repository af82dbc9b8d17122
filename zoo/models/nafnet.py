"""NAFNet: an encoder and a decoder whose blocks have no activation function at all.

Source: Chen et al., "Simple baselines for image restoration" (ECCV 2022), and the authors' code; pooling over windows
as in Chu et al., "Improving image restoration by revisiting global information aggregation" (ECCV 2022; TLC).
"""

from __future__ import annotations

from dataclasses import dataclass

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.models._shared import pytorch_conv, pytorch_depthwise
from zoo.options import INFERENCE_MODES, Count
from zoo.registry import ModelInfo, Variant, register

# Windows of the means are half as large again as the training crops.
_WINDOW, _CROP = 3, 2
# A first guess near the blurred input, and blocks that count from the first step on, let so small a model gain within
# minutes; the authors' scales are 1 and 0.
TINY = {
    "width": 16,
    "encoder_blocks": (1, 1, 1),
    "decoder_blocks": (1, 1, 1),
    "residual_scale": 0.1,
    "block_scale": 0.1,
}
# Cells of 2x2 pixels and four levels see far for little, so that a CPU trains it within hours.
PHOTO = {
    "width": 24,
    "encoder_blocks": (1, 1, 1),
    "middle_blocks": 2,
    "decoder_blocks": (1, 1, 1),
    "residual_scale": 0.1,
    "block_scale": 0.1,
    "stem": 2,
    "train_crop": 128,
}

INFO = ModelInfo(
    name="nafnet",
    title="NAFNet",
    paper="L. Chen, X. Chu, X. Zhang, J. Sun: simple baselines for image restoration, ECCV 2022",
    references=(
        Reference(
            ("Chen, Liangyu", "Chu, Xiaojie", "Zhang, Xiangyu", "Sun, Jian"),
            "Simple Baselines for Image Restoration",
            2022,
            "ECCV 2022",
            "https://arxiv.org/abs/2204.04676",
        ),
        Reference(
            ("Chu, Xiaojie", "Chen, Liangyu", "Chen, Chengpeng", "Lu, Xin"),
            "Improving Image Restoration by Revisiting Global Information Aggregation",
            2022,
            "ECCV 2022",
            "https://arxiv.org/abs/2112.04491",
        ),
    ),
    summary="Gates in the place of activation functions, means over the image in the place of attention; at test time "
    "the means are taken over windows of the size that training has seen.",
    variants={
        "gopro-w32": Variant(17_111_907, macs=15_956_027_392, note="width 32, the authors' form for GoPro"),
        "gopro-w64": Variant(
            67_888_835,
            macs=63_054_979_072,
            options={"width": 64},
            note="width 64, the authors' form for GoPro and REDS",
        ),
        "sidd-w32": Variant(
            29_159_715,
            macs=16_045_035_520,
            options={
                "encoder_blocks": (2, 2, 4, 8),
                "middle_blocks": 12,
                "decoder_blocks": (2, 2, 2, 2),
                "inference": "global",
            },
            note="width 32, the authors' form for SIDD (noise), means over the whole image",
        ),
        "photo": Variant(
            908_292, macs=683_630_208, options=PHOTO, note="narrow, on cells of 2x2 pixels, for photographs on a CPU"
        ),
        "tiny": Variant(288_691, macs=1_031_039_488, options=TINY, note="narrow, three levels, for laptops and tests"),
    },
    default="gopro-w32",
    licence="MIT",
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    width: int = 32,
    encoder_blocks: tuple[int, ...] = (1, 1, 1, 28),
    middle_blocks: Count = 1,
    decoder_blocks: tuple[int, ...] = (1, 1, 1, 1),
    inference: str = "local",
    train_crop: int = 256,
    residual_scale: float = 1.0,
    block_scale: float = 0.0,
    stem: int = 1,
    image_channels: int = 3,
) -> Tensor:
    """Builds NAFNet.

    Sides that the levels cannot halve are padded with zeros on the right and at the bottom; the result is cut to the
    input's size.

    Args:
        inputs: Tensor (batch, height, width, image_channels) in [0, 1], of any size.
        width: Channels of the finest level; each coarser one has twice as many.
        encoder_blocks: Blocks on each level of the encoder, finest first.
        middle_blocks: Blocks below the last level.
        decoder_blocks: Blocks on each level of the decoder, coarsest first.
        inference: `"local"`: the blocks' means are taken over windows of 1.5 `train_crop`; `"global"`: over the whole
            image. Images of up to 1.5 `train_crop` pixels a side come out the same. See `zoo.inference_mode`.
        train_crop: Side of the training crops in pixels.
        residual_scale: Factor on the initial kernel of the last convolution, which is added to the image.
        block_scale: Weight of every block's changes at the start; with 0 every block gives what it got.
        stem: Side of the cells of pixels that are one place of the finest level; 1 for every pixel by itself, as in the
            authors' form. Larger cells cost less and see farther.
        image_channels: Channels of an image.

    Returns:
        Tensor (batch, height, width, image_channels), not clipped.

    Raises:
        ZooError: For another mode, and levels that encoder and decoder do not share.
    """
    from zoo.layers import CropLike, PadToMultiple, PixelShuffle, PixelUnshuffle

    layers, full = keras.layers, keras.config.dtype_policy().variable_dtype
    levels = len(encoder_blocks)
    if inference not in INFERENCE_MODES:
        raise ZooError(f"inference must be {' or '.join(map(repr, INFERENCE_MODES))}, not {inference!r}")
    if levels != len(decoder_blocks):
        raise ZooError(
            f"encoder_blocks={encoder_blocks!r} and decoder_blocks={decoder_blocks!r} must have as many levels"
        )
    multiple = stem * 2**levels
    padded_crop = -(-train_crop // multiple) * multiple
    blocks = [
        _Blocks(inference, (padded_crop // stem >> level) * (train_crop * _WINDOW // _CROP) // train_crop, block_scale)
        for level in range(levels + 1)
    ]

    x = PadToMultiple(multiple, dtype=full, name="padded")(inputs)
    if stem > 1:
        x = PixelUnshuffle(stem, dtype=full, name="cells")(x)
    x = pytorch_conv(x, width, 3, "intro")
    skips = []
    for level, count in enumerate(encoder_blocks, start=1):
        x = blocks[level - 1].row(x, count, f"encoder{level}")
        skips.append(x)
        x = pytorch_conv(x, 2 * x.shape[-1], 2, f"down{level}", strides=2, padding="valid")
    x = blocks[levels].row(x, middle_blocks, "middle")
    for level, count in zip(range(levels, 0, -1), decoder_blocks, strict=True):
        x = pytorch_conv(x, 2 * x.shape[-1], 1, f"up{level}", use_bias=False)
        x = PixelShuffle(2, name=f"up{level}_shuffle")(x)
        x = layers.Add(name=f"up{level}_sum")([x, skips[level - 1]])
        x = blocks[level - 1].row(x, count, f"decoder{level}")
    x = pytorch_conv(x, image_channels * stem**2, 3, "correction", scale=residual_scale, dtype=full)
    if stem > 1:
        x = PixelShuffle(stem, dtype=full, name="pixels")(x)
    x = CropLike(dtype=full, name="cropped")([x, inputs])
    return layers.Add(dtype=full, name="sharp")([x, inputs])


@dataclass(frozen=True)
class _Blocks:
    """What the blocks of one level share.

    Attributes:
        mode: Where the means are taken, see `zoo.layers.LocalMean`.
        window: Side of their window in pixels of the level.
        start: Weight of a block's changes at the start.
    """

    mode: str
    window: int
    start: float

    def row(self, x: Tensor, count: int, name: str) -> Tensor:
        """`count` blocks one after the other."""
        for index in range(1, count + 1):
            x = self.block(x, f"{name}_{index}")
        return x

    def block(self, x: Tensor, name: str) -> Tensor:
        """Two changes of a map: by what is around a pixel and in its window, then by its own channels.

        Args:
            x: Tensor (batch, height, width, channels).
            name: Start of the layers' names.
        """
        from zoo.layers import GateHalves, LayerNorm, LocalMean, RepeatEdges, ScaledSum

        layers, channels = keras.layers, x.shape[-1]
        change = LayerNorm(epsilon=1e-6, name=f"{name}_norm1")(x)
        change = pytorch_conv(change, 2 * channels, 1, f"{name}_expand1")
        change = pytorch_depthwise(change, f"{name}_around")
        change = GateHalves(name=f"{name}_gate1")(change)
        # A 1x1 convolution of the few means, before they are spread over the map.
        weight = LocalMean(self.window, self.mode, name=f"{name}_mean")(change)
        weight = pytorch_conv(weight, channels, 1, f"{name}_attend")
        weight = RepeatEdges(name=f"{name}_weight")([weight, change])
        change = layers.Multiply(name=f"{name}_attended")([change, weight])
        change = pytorch_conv(change, channels, 1, f"{name}_project1")
        x = ScaledSum(self.start, name=f"{name}_sum1")([x, change])

        change = LayerNorm(epsilon=1e-6, name=f"{name}_norm2")(x)
        change = pytorch_conv(change, 2 * channels, 1, f"{name}_expand2")
        change = GateHalves(name=f"{name}_gate2")(change)
        change = pytorch_conv(change, channels, 1, f"{name}_project2")
        return ScaledSum(self.start, name=f"{name}_sum2")([x, change])
