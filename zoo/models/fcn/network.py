"""FCN, the "feature catcher": four stages that look at eighths, quarters, halves and the whole of an image.

Source: Zhang et al. (2022) and their released code, after MPRNet (Zamir et al., "Multi-stage progressive image
restoration", CVPR 2021), to which it adds a shallow stage on eight patches and a gate on that stage's features.
"""

from __future__ import annotations

from typing import Any

from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.models._papers import MPRNET
from zoo.models.fcn.ablations import PARTS, ablations
from zoo.models.fcn.blocks import Blocks
from zoo.models.fcn.stages import TINY, restored
from zoo.registry import ModelInfo, Variant, register

INFO = ModelInfo(
    name="fcn",
    title="FCN (feature catcher)",
    paper='Zhang et al.: FCN, "feature catcher" (2022); after Zamir et al.: multi-stage progressive image '
    "restoration, CVPR 2021 (MPRNet)",
    references=(MPRNET,),
    summary="Four stages from small patches to the whole image; each hands its features to the next, and all but "
    "the first give an image of their own.",
    variants={
        "paper": Variant(
            20_309_377, macs=762_563_127_936, note="gate on the features of both halves, as the paper describes it"
        ),
        "exact": Variant(
            20_309_377,
            macs=762_563_127_936,
            options={"efem": "top"},
            note="gate on the top half only, as the released code runs",
        ),
        "four-outputs": Variant(
            20_309_665,
            macs=762_582_002_304,
            options={"stage0_head": True},
            note="an image from stage 0 too, the fourth output",
        ),
        "tiny": Variant(265_137, macs=7_579_156_480, options=TINY, note="narrow and shallow, for laptops and tests"),
        **ablations(TINY),
    },
    default="paper",
    outputs=("sharp", "stage2", "stage1"),
    size_multiple=8,
    minimum_size=8,
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    widths: tuple[int, ...] = (96, 144, 192),
    original_width: int = 128,
    reduction: int = 4,
    level_blocks: int = 2,
    original_blocks: int = 8,
    efem: str = "both",
    stage0_head: bool = False,
    residual_scale: float = 1.0,
    stages: int = 4,
    without: str = "",
) -> Any:
    """Builds the feature catcher.

    No convolution has a bias, and one slope serves every PReLU; so a black image stays exactly black.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], both sides multiples of 8.
        widths: Channels of the three levels of encoders and decoders.
        original_width: Channels of stage 3, which works at full resolution.
        reduction: Factor by which channel attention narrows.
        level_blocks: Channel attention blocks on each level.
        original_blocks: Channel attention blocks in each of the groups of stage 3.
        efem: `"both"`: the gate (EFEM) acts on the stage-0 features of both halves with the same weights, as the paper
            implies; `"top"`: on those of the top half only, as the released code runs.
        stage0_head: Whether stage 0 too has an image: a 1x1 convolution of its features before the gate plus the
            blurred image (our choice; the paper wants an image of every stage, the released code has none here).
        residual_scale: Factor on the initial kernels of what is added to something.
        stages: How many of the four stages there are; the coarse ones are left out first (our reading of Table 2).
        without: A part that is left out wherever it is: `"pb"`, the attention block of the processing blocks; `"efem"`,
            the gate on the features of stage 0; `"msam"`, the gates by a stage's own image; `"rim"`, the groups of
            blocks of stage 3 and what they are fed with. Empty for none.

    Returns:
        List of tensors (batch, height, width, 3), not clipped: of stage 3, the restored image, stage 2 and stage 1 as
        far as there are, then stage 0 if it has a head.

    Raises:
        ZooError: For another `efem`, stages or part, and for widths that are not those of three levels.
    """
    from zoo.layers.shared_prelu import SharedPReLU
    from zoo.layers.split_tiles import Tiles

    if efem not in ("both", "top"):
        raise ZooError(f"efem must be 'both' or 'top', not {efem!r}")
    if len(widths) != 3:
        raise ZooError(f"widths must be the channels of three levels, not {widths!r}")
    if stages not in range(1, 5) or without not in ("", *PARTS):
        raise ZooError(f"{stages} stages without {without!r}; take 1 to 4 and one of {', '.join(PARTS)}, or nothing")
    full = keras.config.dtype_policy().variable_dtype
    blocks = Blocks(tuple(widths), reduction, level_blocks, SharedPReLU(name="prelu"), residual_scale, without)

    features: Tensor | None = None
    images: list[Tensor] = []
    halves = Tiles(2, 1, dtype=full, name="halves")(inputs) if stages > 1 else None
    if stages > 3:
        features, images = _stage0(blocks, inputs, halves, efem, stage0_head)
    return [*restored(blocks, inputs, halves, min(stages, 3), original_width, original_blocks, features), *images]


def _stage0(blocks: Blocks, inputs: Tensor, halves: Tensor, efem: str, head: bool) -> tuple[Tensor, list[Tensor]]:
    """Eight patches, 2 rows of 4: returns the gated features of the halves and, with a head, the stage's image."""
    from zoo.layers.split_tiles import Tiles, Untile

    full = keras.config.dtype_policy().variable_dtype
    eighths = Tiles(2, 4, dtype=full, name="eighths")(inputs)
    x = blocks.shallow(eighths, 0, keras.layers.Activation("selu", name="stage0_selu"))
    x = Untile(1, 4, name="stage0_halves")(x)
    images = []
    if head:
        image = blocks.image(x, halves, "stage0_picture")
        images.append(Untile(2, 1, dtype=full, name="stage0")(image))
    return blocks.feature_gate(x, 0, top_only=efem == "top"), images
