"""CARLO_NET: ten convolutions, ten transposed convolutions, additive skips.

Source: Mancini and Simonati, deep image deblurring (University of Bologna report), the section on CARLO_NET and the
authors' code. Receptive field 41 pixels.
"""

from __future__ import annotations

from zoo.backend import Tensor, keras
from zoo.models._papers import BOLOGNA
from zoo.registry import ModelInfo, Variant, register

DEPTH = 10

INFO = ModelInfo(
    name="carlo",
    title="CARLO_NET",
    paper="L. Mancini, M. Simonati: deep image deblurring (University of Bologna), Tables 1 and 3",
    references=(BOLOGNA,),
    summary="A plain encoder-decoder of valid 3x3 (transposed) convolutions with additive skips, for small images.",
    variants={
        "image": Variant(parameters=2_663_555, macs=158_537_640_960, receptive_field=41, note="the report's model"),
        "tiny": Variant(
            parameters=168_227,
            macs=9_992_215_296,
            receptive_field=41,
            options={"filters": 32},
            note="32 filters, for laptops and tests",
        ),
    },
    default="image",
    minimum_size=2 * DEPTH + 1,
)


@register(INFO)
def build(inputs: Tensor, *, filters: int = 128) -> Tensor:
    """Builds CARLO_NET.

    Args:
        inputs: Tensor (batch, height, width, 3) in [0, 1], both sides at least 21.
        filters: Filters of every layer but the last.

    Returns:
        Tensor (batch, height, width, 3), not negative (the last layer ends in a ReLU, as in the authors' code).
    """
    layers = keras.layers
    x = inputs
    skips = []
    for index in range(1, DEPTH + 1):
        x = layers.Conv2D(filters, 3, activation="relu", name=f"conv{index}")(x)
        skips.append(x)
    for index in range(1, DEPTH):
        x = layers.Conv2DTranspose(filters, 3, activation="relu", name=f"deconv{index}")(x)
        # Every second map meets the encoder map of its own size: deconvolution 1 and convolution 9, 3 and 7, ...
        if index % 2:
            x = layers.Add(name=f"skip{index}_sum")([x, skips[DEPTH - 1 - index]])
            x = layers.ReLU(name=f"skip{index}")(x)
    return layers.Conv2DTranspose(
        3, 3, activation="relu", dtype=keras.config.dtype_policy().variable_dtype, name=f"deconv{DEPTH}"
    )(x)
