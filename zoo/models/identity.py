"""The blurred input itself: the row that every paper calls "Baseline"."""

from __future__ import annotations

from zoo.backend import Tensor, keras
from zoo.registry import ModelInfo, Variant, register

INFO = ModelInfo(
    name="identity",
    title="Baseline (blurred input)",
    paper="none: the reference row of every comparison",
    summary="Returns the (middle) blurred frame unchanged.",
    variants={
        "image": Variant(parameters=0, receptive_field=1),
        "video": Variant(parameters=0, frames=3, receptive_field=1),
    },
    default="image",
    defaults={"video": "video"},
    licence="Apache-2.0",
)


@register(INFO)
def build(inputs: Tensor) -> Tensor:
    """The middle frame of `inputs` (batch, height, width, frames x 3)."""
    from zoo.layers.select_channels import MiddleFrame

    return MiddleFrame(dtype=keras.config.dtype_policy().variable_dtype, name="middle_frame")(inputs)
