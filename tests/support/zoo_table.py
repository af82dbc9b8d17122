"""One row per network: what the shared contract checks and golden comparisons need to know of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

ORDINARY_SIZES = ((32, 32), (64, 48), (37, 51), (33, 40), (70, 23))


@dataclass(frozen=True)
class Row:
    """A network's row of the test table.

    Attributes:
        name: Name in the registry.
        variants: Variants cheap enough to run in every check.
        goldens: Recording's name -> variant.
        options: Recording's name -> arguments of the builder beside its variant's.
        slow: Whether even its smallest variant takes long to trace, so that its checks are marked slow.
    """

    name: str
    variants: tuple[str, ...]
    goldens: tuple[tuple[str, str], ...] = ()
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    slow: bool = False

    @property
    def cases(self) -> list[Any]:
        """Name and variant of its cheap variants, as parameters of a test."""
        marks = [pytest.mark.slow] if self.slow else []
        return [pytest.param(self.name, variant, marks=marks) for variant in self.variants]


ROWS = (
    Row("identity", ("image", "video")),
    Row("carlo", ("tiny",), (("carlo", "image"),)),
    Row("kaist", ("tiny", "tiny-video"), (("kaist_image", "image"), ("kaist_video", "video"))),
    Row("atrous", ("tiny", "tiny-video"), (("atrous_cifar", "cifar10"), ("atrous_reds", "reds"))),
    Row("deblurgan", ("tiny",)),
    Row("deblurgan-lite", ("tiny",)),
    Row("fba", ("tiny",), (("fba", "paper"),)),
    Row("fcn", ("tiny",), (("fcn", "exact"),)),
    Row("indexnet", ("tiny",), (("indexnet", "paper"),)),
    Row("maxim", ("tiny",), slow=True),
    Row("mprnet", ("tiny",), (("mprnet", "gopro"),)),
    Row(
        "nafnet",
        ("tiny", "photo"),
        (("nafnet", "gopro-w32"), ("nafnet_local", "gopro-w32")),
        {"nafnet_local": {"train_crop": 32}},
    ),
    Row("refiner", ("tiny",)),
    Row("restormer", ("tiny",), (("restormer", "gopro"),)),
    Row("wiener", ("image",)),
    Row("unet1", ("tiny",), (("unet1", "paper"),)),
    Row("unet2", ("tiny",), (("unet2", "paper"),)),
    Row("unet3", ("tiny",), (("unet3", "paper"), ("unet3_bias", "biased"))),
)
