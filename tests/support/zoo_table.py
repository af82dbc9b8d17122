"""One row per network: what the shared contract checks and golden comparisons need to know of it."""

from __future__ import annotations

from dataclasses import dataclass

ORDINARY_SIZES = ((32, 32), (64, 48), (37, 51), (33, 40), (70, 23))


@dataclass(frozen=True)
class Row:
    """A network's row of the test table.

    Attributes:
        name: Name in the registry.
        variants: Variants cheap enough to run in every check.
        goldens: Recording's name -> variant.
    """

    name: str
    variants: tuple[str, ...]
    goldens: tuple[tuple[str, str], ...] = ()


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
    Row("maxim", ("tiny",)),
    Row("refiner", ("tiny",)),
    Row("wiener", ("image",)),
    Row("unet1", ("tiny",), (("unet1", "paper"),)),
    Row("unet2", ("tiny",), (("unet2", "paper"),)),
    Row("unet3", ("tiny",), (("unet3", "paper"), ("unet3_bias", "biased"))),
)
