"""Restormer: a transformer whose attention is among channels, so that whole images pass through it.

Source: Zamir et al., "Restormer: efficient transformer for high-resolution image restoration" (CVPR 2022), and the
authors' code; by default the form for motion deblurring: layer normalisation with a shift, no convolution with a bias.
"""

from __future__ import annotations

from dataclasses import dataclass

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.models._shared import pytorch_conv, pytorch_depthwise
from zoo.options import Count
from zoo.registry import ModelInfo, Variant, register

# A first guess near the blurred input lets so small a model gain within minutes; the authors' scale is 1.
TINY = {"width": 16, "level_blocks": (1, 1, 1), "heads": (1, 2, 4), "refinement_blocks": 1, "residual_scale": 0.1}

INFO = ModelInfo(
    name="restormer",
    title="Restormer",
    paper="S. W. Zamir, A. Arora, S. Khan, M. Hayat, F. S. Khan, M.-H. Yang: Restormer, efficient transformer for "
    "high-resolution image restoration, CVPR 2022",
    references=(
        Reference(
            (
                "Zamir, Syed Waqas",
                "Arora, Aditya",
                "Khan, Salman",
                "Hayat, Munawar",
                "Khan, Fahad Shahbaz",
                "Yang, Ming-Hsuan",
            ),
            "Restormer: Efficient Transformer for High-Resolution Image Restoration",
            2022,
            "CVPR 2022",
            "https://arxiv.org/abs/2111.09881",
        ),
    ),
    summary="An encoder and a decoder of attention among channels, which sees the whole image at a cost linear in its "
    "pixels.",
    variants={
        "gopro": Variant(26_126_644, macs=154_882_031_616, note="the authors' form for motion deblurring"),
        "tiny": Variant(218_747, macs=4_115_152_896, options=TINY, note="narrow, three levels, for laptops and tests"),
    },
    default="gopro",
    size_multiple=8,
    minimum_size=8,
    licence="non-commercial",
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    width: int = 48,
    level_blocks: tuple[int, ...] = (4, 6, 6, 8),
    heads: tuple[int, ...] = (1, 2, 4, 8),
    refinement_blocks: Count = 4,
    expansion: float = 2.66,
    residual_scale: float = 1.0,
    use_bias: bool = False,
    norm_shift: bool = True,
    dual_pixel: bool = False,
    image_channels: int = 3,
    channels_out: int = 3,
) -> Tensor:
    """Builds Restormer.

    Args:
        inputs: Tensor (batch, height, width, image_channels) in [0, 1], both sides multiples of 8.
        width: Channels of the finest level, an even number; each coarser one has twice as many.
        level_blocks: Transformer blocks on each level, finest first; the coarsest level has them once, the others in
            encoder and decoder.
        heads: Heads of the attention on each level.
        refinement_blocks: Blocks after the decoder.
        expansion: Hidden channels of the feed-forward part as a multiple of its own, rounded down.
        residual_scale: Factor on the initial kernel of the last convolution, which is added to the image.
        use_bias: Whether the convolutions have a bias, but for the first one and those that change the size.
        norm_shift: Whether layer normalisation subtracts the mean and has a shift (the authors' `WithBias`); without,
            it divides by the standard deviation alone (`BiasFree`, their form for denoising).
        dual_pixel: Whether the features of the first convolution are added before the last one, whose result is then
            the image itself: the authors' form for the two views of a dual-pixel sensor along 6 channels.
        image_channels: Channels of an image.
        channels_out: Channels of the result.

    Returns:
        Tensor (batch, height, width, channels_out), not clipped.

    Raises:
        ZooError: For other than two to four levels, levels without heads, channels that heads cannot share, and a
            result that cannot be added to the image.
    """
    levels = len(level_blocks)
    if not 2 <= levels <= 4 or len(heads) != levels:
        raise ZooError(f"level_blocks={level_blocks!r}, heads={heads!r}: give both for the same two to four levels")
    if width % 2 or any(count < 1 or (width << level) % count for level, count in enumerate(heads)):
        raise ZooError(f"width={width} is odd or cannot be shared by heads={heads!r}")
    if not dual_pixel and image_channels != channels_out and min(image_channels, channels_out) > 1:
        raise ZooError(
            f"image_channels={image_channels} and channels_out={channels_out} cannot be added; only dual_pixel=True "
            "gives an image of other channels"
        )
    blocks = [_Blocks(count, expansion, use_bias, norm_shift) for count in heads]

    first = x = _conv(inputs, width, 3, "embed")
    skips = []
    for level in range(1, levels):
        x = blocks[level - 1].row(x, level_blocks[level - 1], f"encoder{level}")
        skips.append(x)
        x = _halved(x, f"down{level}")
    x = blocks[-1].row(x, level_blocks[-1], "latent")
    for level in range(levels - 1, 0, -1):
        x = _doubled(x, f"up{level}")
        x = keras.layers.Concatenate(name=f"up{level}_concat")([x, skips[level - 1]])
        # The finest level keeps all channels.
        if level > 1:
            x = pytorch_conv(x, x.shape[-1] // 2, 1, f"reduce{level}", use_bias=use_bias)
        x = blocks[level - 1].row(x, level_blocks[level - 1], f"decoder{level}")
    x = blocks[0].row(x, refinement_blocks, "refinement")
    full = keras.config.dtype_policy().variable_dtype
    if dual_pixel:
        first = pytorch_conv(first, 2 * width, 1, "skip", use_bias=use_bias)
        x = keras.layers.Add(name="skipped")([x, first])
        return pytorch_conv(x, channels_out, 3, "correction", use_bias=use_bias, dtype=full)
    x = pytorch_conv(x, channels_out, 3, "correction", residual_scale, use_bias, dtype=full)
    return keras.layers.Add(dtype=full, name="sharp")([x, inputs])


@dataclass(frozen=True)
class _Blocks:
    """What the blocks of one level share.

    Attributes:
        heads: Heads of the attention.
        expansion: Hidden channels of the feed-forward part as a multiple of its own.
        use_bias: Whether the convolutions have a bias.
        norm_shift: Whether layer normalisation subtracts the mean and has a shift.
    """

    heads: int
    expansion: float
    use_bias: bool
    norm_shift: bool

    def row(self, x: Tensor, count: int, name: str) -> Tensor:
        """`count` transformer blocks one after the other."""
        for index in range(1, count + 1):
            x = self.block(x, f"{name}_{index}")
        return x

    def block(self, x: Tensor, name: str) -> Tensor:
        """Attention among the channels and a gated feed-forward part, each added to what it is made of.

        Args:
            x: Tensor (batch, height, width, channels).
            name: Start of the layers' names.
        """
        from zoo.layers import GateHalves, TransposedAttention

        layers, channels, bias = keras.layers, x.shape[-1], self.use_bias
        change = self._normalised(x, f"{name}_norm1")
        change = pytorch_conv(change, 3 * channels, 1, f"{name}_qkv", use_bias=bias)
        change = pytorch_depthwise(change, f"{name}_qkv_around", use_bias=bias)
        change = TransposedAttention(self.heads, name=f"{name}_attention")(change)
        change = pytorch_conv(change, channels, 1, f"{name}_attended", use_bias=bias)
        x = layers.Add(name=f"{name}_sum1")([x, change])

        change = self._normalised(x, f"{name}_norm2")
        change = pytorch_conv(change, 2 * int(channels * self.expansion), 1, f"{name}_expand", use_bias=bias)
        change = pytorch_depthwise(change, f"{name}_expand_around", use_bias=bias)
        change = GateHalves("gelu", name=f"{name}_gate")(change)
        change = pytorch_conv(change, channels, 1, f"{name}_project", use_bias=bias)
        return layers.Add(name=f"{name}_sum2")([x, change])

    def _normalised(self, x: Tensor, name: str) -> Tensor:
        from zoo.layers import DeviationNorm, LayerNorm

        norm = LayerNorm if self.norm_shift else DeviationNorm
        return norm(epsilon=1e-5, name=name)(x)


def _halved(x: Tensor, name: str) -> Tensor:
    """Half the sides and twice the channels."""
    from zoo.layers import PixelUnshuffle

    return PixelUnshuffle(2, name=f"{name}_shuffle")(_conv(x, x.shape[-1] // 2, 3, name))


def _doubled(x: Tensor, name: str) -> Tensor:
    """Twice the sides and half the channels."""
    from zoo.layers import PixelShuffle

    return PixelShuffle(2, name=f"{name}_shuffle")(_conv(x, 2 * x.shape[-1], 3, name))


def _conv(x: Tensor, filters: int, size: int, name: str) -> Tensor:
    """A convolution that has no bias in any form."""
    return pytorch_conv(x, filters, size, name, use_bias=False)
