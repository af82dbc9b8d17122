"""MPRNet: three stages that look at quarters, halves and the whole of an image, each handing its features on.

Source: Zamir et al., "Multi-stage progressive image restoration" (CVPR 2021), and the authors' code for deblurring. Its
stages are those of the feature catcher without the first, and are built by the same code.
"""

from __future__ import annotations

from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.models._papers import MPRNET
from zoo.models.fcn.blocks import Blocks
from zoo.models.fcn.stages import TINY, restored
from zoo.registry import ModelInfo, Variant, register

INFO = ModelInfo(
    name="mprnet",
    title="MPRNet",
    paper="S. W. Zamir, A. Arora, S. Khan, M. Hayat, F. S. Khan, M.-H. Yang, L. Shao: multi-stage progressive image "
    "restoration, CVPR 2021",
    references=(MPRNET,),
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
    kernel: int = 3,
    use_bias: bool = False,
    image_channels: int = 3,
    channels_out: int = 3,
) -> list[Tensor]:
    """Builds MPRNet.

    One slope serves every PReLU. Without biases, as in the published form, a black image stays exactly black.

    Args:
        inputs: Tensor (batch, height, width, image_channels) in [0, 1], both sides multiples of 8.
        widths: Channels of the three levels of encoders and decoders.
        original_width: Channels of stage 3, which works at full resolution.
        reduction: Factor by which channel attention narrows.
        level_blocks: Channel attention blocks on each level.
        original_blocks: Channel attention blocks in each of the groups of stage 3.
        residual_scale: Factor on the initial kernels of what is added to something; the authors' is 1.
        kernel: Side of the kernels that look at neighbours, an odd number.
        use_bias: Whether the convolutions have a bias, but for those beside a change of the size.
        image_channels: Channels of an image: 3, or 1 for a grey one, to which stages 1 and 2 add three.
        channels_out: Channels that the last convolution gives: 3 or 1.

    Returns:
        List of tensors (batch, height, width, 3), not clipped: of stage 3, the restored image, stage 2 and stage 1.
        The first has one channel where image and last convolution have one.

    Raises:
        ZooError: For widths that are not those of three levels, an even kernel and other channels.
    """
    from zoo.layers import SharedPReLU, Tiles

    if len(widths) != 3:
        raise ZooError(f"widths must be the channels of three levels, not {widths!r}")
    if kernel < 1 or kernel % 2 == 0:
        raise ZooError(f"kernel={kernel} must be odd, so that maps keep their size")
    if not {image_channels, channels_out} <= {1, 3}:
        raise ZooError(f"image_channels={image_channels} and channels_out={channels_out} must be 1 or 3")
    full = keras.config.dtype_policy().variable_dtype
    activation = SharedPReLU(name="prelu")
    blocks = Blocks(
        tuple(widths), reduction, level_blocks, activation, residual_scale, kernel=kernel, use_bias=use_bias
    )
    halves = Tiles(2, 1, dtype=full, name="halves")(inputs)
    return restored(blocks, inputs, halves, 3, original_width, original_blocks, channels_out=channels_out)
