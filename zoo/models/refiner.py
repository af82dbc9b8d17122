"""The median-filter recurrent refiner: one small convolution, applied again and again, each time behind its own gate.

Source: Nyrhilae, the HDC2021 entry with median filters, section on the model and its layer table. All convolutions
are "valid", so the image shrinks; the blur step sets gates that weigh the channels of every layer.
"""

from __future__ import annotations

from zoo.backend import Tensor, keras
from zoo.models._shared import glorot_uniform
from zoo.options import Count
from zoo.registry import ModelInfo, Variant, register

# Pixels that each side loses before the first refinement, and in each.
_SHRINK_BEFORE, _SHRINK_EACH = 10, 4
# A correction to the input gains within minutes what drawing the whole image does not.
TINY = {"refinements": 4, "filters": 24, "global_residual": True}

INFO = ModelInfo(
    name="refiner",
    title="Median-filter recurrent refiner",
    paper="Nyrhilae: the HDC2021 entry with median filters and a recurrent network, layer table and section on the "
    "network",
    summary="Sees the image and four medians of it; a shared 5x5 convolution refines it twelve times, steered by the "
    "blur step.",
    variants={
        "paper": Variant(
            66_849,
            macs=17_356_240_320,
            receptive_field=59,
            statistics=336,
            shrink=58,
            note="twelve refinements: 67,185 weights in all",
        ),
        "tiny": Variant(
            37_857,
            macs=4_605_725_912,
            receptive_field=27,
            statistics=256,
            shrink=26,
            options=TINY,
            note="four refinements, corrects its input",
        ),
    },
    default="paper",
    channels=5,
    colour=False,
    medians=(3, 5, 7, 9),
    minimum_size=1,
    takes_blur_step=True,
)


@register(INFO)
def build(
    inputs: Tensor,
    blur_step: Tensor,
    *,
    refinements: Count = 12,
    filters: int = 32,
    narrow_filters: int = 8,
    global_residual: bool = False,
) -> Tensor:
    """Builds the refiner.

    Args:
        inputs: Tensor (batch, height, width, 5) in [0, 1]: the grey image and its medians of widths 3, 5, 7 and 9.
        blur_step: Tensor (batch, 1), the step as it is, 0 to 9 in the source.
        refinements: Applications of the shared convolution; each has a gate of its own.
        filters: Filters of all layers but the last two.
        narrow_filters: Filters of the last layer but one.
        global_residual: Whether the output is the grey image, moved in logits, instead of an image drawn afresh; our
            choice for the tiny variant.

    Returns:
        Tensor (batch, height - 10 - 4 x refinements, width - 10 - 4 x refinements, 1) in (0, 1).
    """
    layers = keras.layers
    x = inputs
    for index in range(1, 5):
        x = _conv(x, filters, 3, f"conv{index}")
        x = _normalised(x, f"conv{index}_norm")
        x = layers.Multiply(name=f"conv{index}_gated")([x, _gate(blur_step, filters, f"conv{index}_gate")])
    x = layers.Conv2D(filters, 3, activation="tanh", name="conv5")(x)
    x = layers.Multiply(name="conv5_gated")([x, _gate(blur_step, filters, "conv5_gate")])
    x = _refine(x, blur_step, refinements, filters)
    for name, width in (("merge1", filters), ("merge2", narrow_filters)):
        x = _normalised(_conv(x, width, 1, name), f"{name}_norm")
    full = keras.config.dtype_policy().variable_dtype
    if not global_residual:
        return layers.Conv2D(1, 1, activation="sigmoid", dtype=full, name="sharp")(x)
    return _corrected(x, inputs, _SHRINK_BEFORE + _SHRINK_EACH * refinements)


def _refine(x: Tensor, blur_step: Tensor, refinements: int, filters: int) -> Tensor:
    """X <- (1 - gate) x + gate x shared(x), `refinements` times."""
    from zoo.layers.blend import Blend

    if not refinements:
        return x
    layers = keras.layers
    shared = layers.Conv2D(filters, 5, activation="tanh", name="shared")
    for index in range(1, refinements + 1):
        gate = _gate(blur_step, filters, f"refine{index}_gate")
        kept = layers.Cropping2D(2, name=f"refine{index}_crop")(x)
        x = Blend(name=f"refine{index}")([shared(x), kept, gate])
    return x


def _gate(blur_step: Tensor, filters: int, name: str) -> Tensor:
    """A number in (0, 1) for each channel, (batch, 1, 1, filters); near one half at first."""
    start = keras.initializers.RandomNormal(stddev=0.01)
    gate = keras.layers.Dense(filters, activation="sigmoid", kernel_initializer=start, name=name)(blur_step)
    return keras.layers.Reshape((1, 1, filters), name=f"{name}_map")(gate)


def _conv(x: Tensor, filters: int, size: int, name: str) -> Tensor:
    """A "valid" convolution with ELU."""
    return keras.layers.Conv2D(filters, size, activation="elu", name=name)(x)


def _normalised(x: Tensor, name: str) -> Tensor:
    """Batch normalisation with Keras' numbers, which are those of the source."""
    from zoo.layers.normalisation import BatchNorm

    return BatchNorm(epsilon=1e-3, momentum=0.99, name=name)(x)


def _corrected(x: Tensor, inputs: Tensor, shrink: int) -> Tensor:
    """The centre of the grey image with a correction to its logits."""
    from zoo.layers.logit_sum import LogitSum

    full = keras.config.dtype_policy().variable_dtype
    # A first guess near the blurred input.
    start = glorot_uniform(0.1)
    correction = keras.layers.Conv2D(1, 1, kernel_initializer=start, dtype=full, name="correction")(x)
    centre = keras.layers.Cropping2D(shrink // 2, dtype=full, name="centre")(inputs)
    return LogitSum(dtype=full, name="sharp")([centre[..., :1], correction])
