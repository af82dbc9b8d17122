"""Stages 1 to 3: all of MPRNet, and the feature catcher from its second stage on.

Source: Zamir et al., "Multi-stage progressive image restoration" (CVPR 2021), and Zhang et al. (2022), the feature
catcher's released code.
"""

from __future__ import annotations

from typing import Any

from zoo.backend import Tensor, keras
from zoo.models.fcn.blocks import Blocks

# Gates without biases and with only four hidden units would now and then be off for every image, so none narrows.
# A first guess near the blurred input lets so small a model gain within minutes; the authors' scale is 1.
TINY = {
    "widths": (16, 24, 32),
    "original_width": 16,
    "reduction": 1,
    "level_blocks": 1,
    "original_blocks": 2,
    "residual_scale": 0.3,
}

# Encoder and decoder maps of a stage, finest first.
Maps = tuple[list[Tensor], list[Tensor]]


def restored(
    blocks: Blocks,
    inputs: Tensor,
    halves: Tensor | None,
    stages: int,
    original_width: int,
    original_blocks: int,
    features: Tensor | None = None,
    channels_out: int = 3,
) -> list[Tensor]:
    """The images of the last `stages` stages, the restored one first.

    Args:
        blocks: The blocks of the model.
        inputs: Tensor (batch, height, width, 3) in [0, 1], both sides multiples of 8.
        halves: Its top and bottom halves (2 x batch, height / 2, width, 3); None for a single stage.
        stages: How many stages there are, 1 to 3; the coarse ones are left out first.
        original_width: Channels of stage 3, which works at full resolution.
        original_blocks: Channel attention blocks in each of the groups of stage 3.
        features: Features of the halves from an earlier stage, or None.
        channels_out: Channels that the last convolution of stage 3 gives.

    Returns:
        List of tensors (batch, height, width, 3), not clipped.
    """
    attended = maps = None
    images: list[Tensor] = []
    if stages > 2:
        attended, maps, image = _stage1(blocks, inputs, halves, features)
        images = [image]
    if stages > 1:
        attended, maps, image = _stage2(blocks, inputs, halves, attended, maps)
        images = [image, *images]
    return [_stage3(blocks, inputs, attended, maps, original_width, original_blocks, channels_out), *images]


def _stage1(blocks: Blocks, inputs: Tensor, halves: Tensor, features: Any | None) -> tuple[Any, Maps, Any]:
    """Quarters, then halves: returns the attended features, the maps of the halves, and the stage's image.

    The features of stage 0 are added to the finest map after the encoder, so the decoder and the next stage's fusion
    see them and the coarser levels do not.
    """
    from zoo.layers.split_tiles import Tiles, Untile

    full = keras.config.dtype_policy().variable_dtype
    quarters = Tiles(2, 2, dtype=full, name="quarters")(inputs)
    encoded = blocks.encoder(blocks.shallow(quarters, 1), 1)
    encoded = [Untile(1, 2, name=f"stage1_halves{level}")(x) for level, x in enumerate(encoded, start=1)]
    if features is not None:
        encoded[0] = keras.layers.Add(name="stage1_with_stage0")([encoded[0], features])
    decoded = blocks.decoder(encoded, 1)
    attended, image = blocks.supervised_attention(decoded[0], halves, 1, "stage1_picture")
    return attended, (encoded, decoded), Untile(2, 1, dtype=full, name="stage1")(image)


def _stage2(
    blocks: Blocks, inputs: Tensor, halves: Tensor, attended: Tensor | None, before: Maps | None
) -> tuple[Any, Maps, Any]:
    """Halves, then the whole: returns the attended features, the maps of the whole, and the stage's image."""
    from zoo.layers.split_tiles import Untile

    x = _joined(blocks, blocks.shallow(halves, 2), attended, 2, blocks.widths[0])
    encoded = blocks.encoder(x, 2, before)
    encoded = [Untile(2, 1, name=f"stage2_whole{level}")(x) for level, x in enumerate(encoded, start=1)]
    decoded = blocks.decoder(encoded, 2)
    attended, image = blocks.supervised_attention(decoded[0], inputs, 2, "stage2")
    return attended, (encoded, decoded), image


def _stage3(
    blocks: Blocks,
    inputs: Tensor,
    attended: Tensor | None,
    before: Maps | None,
    width: int,
    groups: int,
    channels_out: int,
) -> Tensor:
    """The whole image at full resolution: returns the restored image."""
    x = _joined(blocks, blocks.shallow(inputs, 3), attended, 3, width)
    if blocks.without != "rim":
        x = blocks.original_resolution(x, before, groups, 3)
    return blocks.image(x, inputs, "sharp", blocks.kernel, channels_out)


def _joined(blocks: Blocks, own: Tensor, attended: Tensor | None, stage: int, width: int) -> Tensor:
    """A convolution of a stage's own features and those handed on, which are per half or whole alike."""
    x = own if attended is None else keras.layers.Concatenate(name=f"stage{stage}_concat")([own, attended])
    return blocks.conv(x, width, blocks.kernel, f"stage{stage}_join")
