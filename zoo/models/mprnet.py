"""MPRNet: three stages that look at quarters, halves and the whole of an image, each handing its features on.

Source: Zamir et al., "Multi-stage progressive image restoration" (CVPR 2021), and the authors' code for deblurring. Its
stages are those of the feature catcher without the first, and are built by the same code.
"""

from __future__ import annotations

from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.models.fcn.blocks import Blocks
from zoo.models.fcn.stages import TINY, restored
from zoo.registry import ModelInfo, Variant, register

INFO = ModelInfo(
    name="mprnet",
    title="MPRNet",
    paper="S. W. Zamir, A. Arora, S. Khan, M. Hayat, F. S. Khan, M.-H. Yang, L. Shao: multi-stage progressive image "
    "restoration, CVPR 2021",
    summary="Three stages from quarters to the whole image; each gives an image of its own and hands its features to "
    "the next.",
    variants={
        "gopro": Variant(20_127_073, macs=750_917_606_016, note="the authors' form for deblurring"),
        "tiny": Variant(259_329, macs=7_232_073_728, options=TINY, note="narrow and shallow, for laptops and tests"),
    },
    default="gopro",
    outputs=("sharp", "stage2", "stage1"),
    size_multiple=8,
    minimum_size=8,
    licence="non-commercial",
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
    residual_scale: float = 1.0,
) -> list[Tensor]:
    """Builds MPRNet.

    No convolution has a bias, and one slope serves every PReLU; so a black image stays exactly black.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], both sides multiples of 8.
        widths: Channels of the three levels of encoders and decoders.
        original_width: Channels of stage 3, which works at full resolution.
        reduction: Factor by which channel attention narrows.
        level_blocks: Channel attention blocks on each level.
        original_blocks: Channel attention blocks in each of the groups of stage 3.
        residual_scale: Factor on the initial kernels of what is added to something; the authors' is 1.

    Returns:
        List of tensors (batch, height, width, 3), not clipped: of stage 3, the restored image, stage 2 and stage 1.

    Raises:
        ZooError: For widths that are not those of three levels.
    """
    from zoo.layers import SharedPReLU, Tiles

    if len(widths) != 3:
        raise ZooError(f"widths must be the channels of three levels, not {widths!r}")
    full = keras.config.dtype_policy().variable_dtype
    blocks = Blocks(tuple(widths), reduction, level_blocks, SharedPReLU(name="prelu"), residual_scale)
    halves = Tiles(2, 1, dtype=full, name="halves")(inputs)
    return restored(blocks, inputs, halves, 3, original_width, original_blocks)
