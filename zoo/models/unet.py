"""Three U-Nets that Germer et al. compared FBA-Net with, each as its own public code has it.

Source: Germer, Uelwer and Harmeling, the HDC2021 entry built on blur estimation, Table 1. The originals:
mateuszbuda/brain-segmentation-pytorch (U-Net 1), usuyama/pytorch-unet (U-Net 2), milesial/Pytorch-UNet (U-Net 3). Each
block is two 3x3 convolutions with batch normalisation (1 and 3) or biases (2), and ReLU. Our choice of initial kernels:
He-normal before a ReLU, Keras' default elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.models._papers import CHARACTERS
from zoo.models._shared import glorot_uniform, grey_tail
from zoo.registry import ModelInfo, Variant, register

# A correction to the input gains within minutes: 400 steps of 8 crops of the GoPro sample gave 0.4 to 0.5 dB; drawing
# the whole image, as the originals do, ended 3 dB below the blurred input.
TINY = {"widths": (12, 24, 48, 64), "global_residual": True, "residual_scale": 0.1}

_PAPER = (
    "T. Germer, T. Uelwer, S. Harmeling: deblurring the HDC2021 photographs (paper and public code), Table 1; "
    "after O. Ronneberger et al.: U-Net, 2015"
)
_REFERENCES = (
    CHARACTERS,
    Reference(
        ("Ronneberger, Olaf", "Fischer, Philipp", "Brox, Thomas"),
        "U-Net: Convolutional Networks for Biomedical Image Segmentation",
        2015,
        "MICCAI 2015",
        "https://arxiv.org/abs/1505.04597",
    ),
)
_TINY_NOTE = "narrow, three poolings, corrects its input"


def _info(number: int, summary: str, variants: dict[str, Variant], multiple: int, licence: str) -> ModelInfo:
    """The entry of one of the three."""
    return ModelInfo(
        name=f"unet{number}",
        title=f"U-Net {number}",
        paper=_PAPER,
        references=_REFERENCES,
        summary=summary,
        variants=variants,
        default="paper",
        colour=False,
        size_multiple=multiple,
        minimum_size=multiple,
        licence=licence,
    )


# As narrow and without the sigmoid, the first model differs from the third only in the order of its skips.
_TINY_NORMALISED = Variant(
    205_733,
    macs=1_242_562_560,
    receptive_field=100,
    statistics=928,
    options=TINY,
    note=_TINY_NOTE,
)
UNET1 = _info(
    1,
    "Four poolings, batch normalisation, 32 to 512 filters, and a sigmoid at the end.",
    {
        "paper": Variant(
            7_763_041,
            macs=12_071_206_912,
            receptive_field=204,
            statistics=5_888,
            note="3 channels in, 1 out, 32 base filters",
        ),
        "tiny": _TINY_NORMALISED,
    },
    16,
    "MIT",
)
UNET2 = _info(
    2,
    "Three poolings, no normalisation, 64 to 512 filters, bilinear enlargement with aligned corners.",
    {
        "paper": Variant(7_782_913, macs=42_396_024_832, receptive_field=116, note="3 channels in, 1 out"),
        "tiny": Variant(
            200_529,
            macs=1_390_411_776,
            receptive_field=116,
            options=TINY,
            note=_TINY_NOTE,
        ),
    },
    8,
    "MIT",
)
UNET3 = _info(
    3,
    "Four poolings, batch normalisation, 64 to 1024 filters.",
    {
        "paper": Variant(
            31_037_633,
            macs=48_167_387_136,
            receptive_field=204,
            statistics=11_776,
            note="convolutions without biases, the code since 2021-12",
        ),
        "biased": Variant(
            31_043_521,
            macs=48_167_387_136,
            receptive_field=204,
            statistics=11_776,
            options={"use_bias": True},
            note="with biases, the code at the challenge",
        ),
        "tiny": _TINY_NORMALISED,
    },
    16,
    "GPL-3.0",
)


@register(UNET1)
def build_unet1(
    inputs: Tensor,
    *,
    widths: Sequence[int] = (32, 64, 128, 256, 512),
    global_residual: bool = False,
    residual_scale: float = 1.0,
) -> Any:
    """Builds U-Net 1.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], the grey image copied three times, sides multiples of 16
            (of 2 to the number of poolings).
        widths: Filters of each level, the bottom last.
        global_residual: Whether the output is the grey image plus a linear correction, instead of a sigmoid; our
            choice for the tiny variant.
        residual_scale: Factor on the initial kernel of the last convolution.

    Returns:
        Tensor (batch, height, width, 1), in (0, 1) unless it is a corrected image.
    """
    skips, x = _encode(inputs, widths, normalised=True)
    x = _decode(x, skips, widths, _transposed, normalised=True)
    return grey_tail(inputs, x, global_residual, glorot_uniform(residual_scale), activation="sigmoid")


@register(UNET2)
def build_unet2(
    inputs: Tensor,
    *,
    widths: Sequence[int] = (64, 128, 256, 512),
    global_residual: bool = False,
    residual_scale: float = 1.0,
) -> Any:
    """Builds U-Net 2.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], the grey image copied three times, sides multiples of 8
            (of 2 to the number of poolings).
        widths: Filters of each level, the bottom last.
        global_residual: Whether the output is the grey image plus a correction; our choice for the tiny variant.
        residual_scale: Factor on the initial kernel of the last convolution.

    Returns:
        Tensor (batch, height, width, 1), not clipped.
    """
    from zoo.layers.upsampling import AlignedUpsample

    def enlarged(x: Tensor, width: int, name: str) -> Tensor:
        return AlignedUpsample(2, name=name)(x)

    skips, x = _encode(inputs, widths, normalised=False)
    x = _decode(x, skips, widths, enlarged, normalised=False)
    return grey_tail(inputs, x, global_residual, glorot_uniform(residual_scale))


@register(UNET3)
def build_unet3(
    inputs: Tensor,
    *,
    widths: Sequence[int] = (64, 128, 256, 512, 1024),
    use_bias: bool = False,
    global_residual: bool = False,
    residual_scale: float = 1.0,
) -> Any:
    """Builds U-Net 3.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], the grey image copied three times, sides multiples of 16
            (of 2 to the number of poolings).
        widths: Filters of each level, the bottom last.
        use_bias: Whether the normalised convolutions have biases.
        global_residual: Whether the output is the grey image plus a correction; our choice for the tiny variant.
        residual_scale: Factor on the initial kernel of the last convolution.

    Returns:
        Tensor (batch, height, width, 1), not clipped.
    """
    skips, x = _encode(inputs, widths, normalised=True, use_bias=use_bias)
    x = _decode(x, skips, widths, _transposed, normalised=True, use_bias=use_bias, skip_first=True)
    return grey_tail(inputs, x, global_residual, glorot_uniform(residual_scale))


def _encode(
    inputs: Tensor, widths: Sequence[int], normalised: bool, use_bias: bool = False
) -> tuple[list[Tensor], Any]:
    """The maps before each pooling, and the bottom's."""
    skips, x = [], inputs
    for level, width in enumerate(widths[:-1], start=1):
        x = _double(x, width, f"encoder{level}", normalised, use_bias)
        skips.append(x)
        x = keras.layers.MaxPooling2D(2, name=f"pool{level}")(x)
    return skips, _double(x, widths[-1], "bottom", normalised, use_bias)


def _decode(
    x: Tensor,
    skips: list[Tensor],
    widths: Sequence[int],
    enlarge: Callable[[Any, int, str], Any],
    normalised: bool,
    use_bias: bool = False,
    skip_first: bool = False,
) -> Tensor:
    """The map at full size: at each level enlarged, concatenated with its skip, two convolutions."""
    for level in range(len(skips), 0, -1):
        width, skip = widths[level - 1], skips[level - 1]
        x = enlarge(x, width, f"up{level}")
        x = keras.layers.Concatenate(name=f"up{level}_concat")([skip, x] if skip_first else [x, skip])
        x = _double(x, width, f"decoder{level}", normalised, use_bias)
    return x


def _transposed(x: Tensor, width: int, name: str) -> Tensor:
    """The map enlarged by a transposed 2x2 convolution."""
    return keras.layers.Conv2DTranspose(width, 2, strides=2, name=name)(x)


def _double(x: Tensor, width: int, name: str, normalised: bool, use_bias: bool = False) -> Tensor:
    """Two 3x3 convolutions, each with batch normalisation or a bias, and ReLU."""
    from zoo.layers.normalisation import BatchNorm

    layers = keras.layers
    options = {"padding": "same", "use_bias": use_bias or not normalised, "kernel_initializer": "he_normal"}
    for index in (1, 2):
        x = layers.Conv2D(width, 3, name=f"{name}_conv{index}", **options)(x)
        if normalised:
            x = BatchNorm(name=f"{name}_norm{index}")(x)
        x = layers.ReLU(name=f"{name}_act{index}")(x)
    return x
