"""IndexNet: a MobileNetV2 that remembers where pooled features came from, put to deblurring grey images.

Source: Lu et al., "Indices matter: learning to index for deep image matting" (ICCV 2019) and its public code, in the
form that Germer, Uelwer and Harmeling compared FBA-Net with (HDC2021, Table 1): depthwise many-to-one index blocks,
linear, without context, output stride 32, no pyramid pooling, 5x5 decoder. All strides of the encoder are 1; every step
down is an index block. Initial kernels are our choice: He-normal before a ReLU6, Keras' default elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from common.references import Reference
from zoo.backend import Tensor, keras
from zoo.errors import ZooError
from zoo.models._papers import CHARACTERS
from zoo.models._shared import glorot_uniform, grey_tail
from zoo.registry import ModelInfo, Variant, register

# Expansion, channels and blocks of the encoder's stages 1 to 7.
STAGES = ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1))
# The stem is stage 0; these stages end in an index block and a step down.
INDEXED = (0, 2, 3, 4, 6)
# A correction to the input gains within minutes: 400 steps of 8 crops of the GoPro sample gave 0.35 dB.
TINY = {
    "stem_filters": 12,
    "stages": ((1, 8, 1), (3, 12, 1), (3, 16, 1), (3, 24, 1), (3, 32, 1), (3, 40, 1), (3, 64, 1)),
    "decoder_kernel": 3,
    "global_residual": True,
    "residual_scale": 0.1,
}

INFO = ModelInfo(
    name="indexnet",
    title="IndexNet",
    paper="T. Germer, T. Uelwer, S. Harmeling: deblurring the HDC2021 photographs (paper and public code), Table 1; "
    "after H. Lu et al.: indices matter, ICCV 2019",
    references=(
        CHARACTERS,
        Reference(
            ("Lu, Hao", "Dai, Yutong", "Shen, Chunhua", "Xu, Songcen"),
            "Indices Matter: Learning to Index for Deep Image Matting",
            2019,
            "ICCV 2019",
            "https://arxiv.org/abs/1908.00672",
        ),
    ),
    summary="A MobileNetV2 whose poolings weigh the pixels of each cell by learnt maps, which guide the way up too.",
    variants={
        "paper": Variant(
            3_694_059,
            macs=6_049_010_688,
            receptive_field=614,
            statistics=32_466,
            note="four copies of the grey channel in, 1 out",
        ),
        "tiny": Variant(
            132_837,
            macs=375_572_928,
            receptive_field=322,
            statistics=2_336,
            options=TINY,
            note="narrow and shallow, corrects its input",
        ),
    },
    default="paper",
    channels=4,
    colour=False,
    size_multiple=32,
    minimum_size=32,
    licence="non-commercial",
)


@register(INFO)
def build(
    inputs: Tensor,
    *,
    stem_filters: int = 32,
    stages: Sequence[tuple[int, int, int]] = STAGES,
    decoder_kernel: int = 5,
    global_residual: bool = False,
    residual_scale: float = 1.0,
) -> Tensor:
    """Builds IndexNet.

    Args:
        inputs: Tensor (batch, height, width, 4) in [0, 1], the grey image copied four times, sides multiples of 32.
        stem_filters: Filters of the first convolution and of the last two decoder levels.
        stages: Expansion, channels and blocks of the encoder's seven stages.
        decoder_kernel: Side of the decoder's kernels.
        global_residual: Whether the output is a correction to the grey image; our choice for the tiny variant, the
            authors' model has none.
        residual_scale: Factor on the initial kernel of the last convolution.

    Returns:
        Tensor (batch, height, width, 1), not clipped.

    Raises:
        ZooError: When there are not seven stages.
    """
    from zoo.layers.index_pooling import IndexedPooling, IndexedUnpooling

    if len(stages) != len(STAGES):
        raise ZooError(
            f"indexnet has {len(STAGES)} stages, not {len(stages)}; name expansion, channels, blocks of each"
        )
    x = _conv(inputs, stem_filters, 3, "stem")
    widths = [stem_filters, *(channels for _, channels, _ in stages)]
    skips: list[Tensor] = []
    maps: dict[int, list[Tensor]] = {}
    for stage in range(len(widths)):
        if stage:
            x = _stage(x, *stages[stage - 1], f"stage{stage}")
        if stage in INDEXED:
            maps[stage] = _index_maps(x, widths[stage], f"index{stage}")
            x, skip = IndexedPooling(name=f"index{stage}_pool")([x, *maps[stage]])
        else:
            skip = x
        skips.append(skip)
    x = _conv(x, widths[-2], 1, "bottom")
    # Each level's convolution gives the channels of the next one; the last two have those of the stem.
    for stage in range(len(widths) - 2, -1, -1):
        if stage in INDEXED:
            x = IndexedUnpooling(name=f"decoder{stage}_up")([x, *maps[stage]])
        x = keras.layers.Concatenate(name=f"decoder{stage}_concat")([x, skips[stage]])
        x = _conv(x, widths[stage - 1] if stage > 1 else stem_filters, decoder_kernel, f"decoder{stage}")
    if not global_residual:
        # A correction of both signs comes straight from the features instead.
        x = _conv(x, 1, decoder_kernel, "prediction")
    return grey_tail(inputs, x, global_residual, glorot_uniform(residual_scale), decoder_kernel, use_bias=False)


def _index_maps(x: Tensor, channels: int, name: str) -> list[Tensor]:
    """The four maps of indices in (0, 1) of an index block, at half size."""
    options = {"strides": 2, "use_bias": False, "activation": "sigmoid"}
    return [keras.layers.Conv2D(channels, 2, name=f"{name}_{place}", **options)(x) for place in range(1, 5)]


def _stage(x: Tensor, expansion: int, channels: int, blocks: int, name: str) -> Tensor:
    """A row of inverted residual blocks."""
    for block in range(1, blocks + 1):
        x = _inverted_residual(x, expansion, channels, f"{name}_block{block}")
    return x


def _inverted_residual(x: Tensor, expansion: int, channels: int, name: str) -> Tensor:
    """Expansion, depthwise convolution and projection, plus the input where the channels are the same.

    The margin of zeros comes before the expansion, whose normalisation makes it something else than zeros.
    """
    from zoo.layers.normalisation import BatchNorm

    layers = keras.layers
    y = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    if expansion > 1:
        y = _conv(y, expansion * x.shape[-1], 1, f"{name}_expand")
    y = layers.DepthwiseConv2D(3, use_bias=False, depthwise_initializer="he_normal", name=f"{name}_depthwise")(y)
    y = _normalised(y, f"{name}_depthwise")
    y = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project")(y)
    y = BatchNorm(name=f"{name}_project_norm")(y)
    return layers.Add(name=f"{name}_sum")([x, y]) if x.shape[-1] == channels else y


def _conv(x: Tensor, filters: int, size: int, name: str) -> Tensor:
    """A "same" convolution without bias, normalised, ReLU6."""
    options = {"padding": "same", "use_bias": False, "kernel_initializer": "he_normal"}
    return _normalised(keras.layers.Conv2D(filters, size, name=name, **options)(x), name)


def _normalised(x: Tensor, name: str) -> Tensor:
    """Batch normalisation and ReLU6."""
    from zoo.layers.normalisation import BatchNorm

    return keras.layers.ReLU(6.0, name=f"{name}_act")(BatchNorm(name=f"{name}_norm")(x))
