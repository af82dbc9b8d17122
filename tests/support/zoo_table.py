"""One row per network: what the shared contract checks and golden comparisons need to know of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.original_names import fba, fcn, indexnet, unet

ORDINARY_SIZES = ((32, 32), (64, 48), (37, 51), (33, 40), (70, 23))


@dataclass(frozen=True)
class Row:
    """A network's row of the test table.

    Attributes:
        name: Name in the registry.
        variants: Variants cheap enough to run in every check.
        goldens: Recording's name -> variant.
        layer_of: Gives our layer's name for an original layer's name and role.
    """

    name: str
    variants: tuple[str, ...]
    goldens: tuple[tuple[str, str], ...] = ()
    layer_of: Callable[[str, str], str] | None = None


def _carlo(layer: str, role: str) -> str:
    return role.replace("transposed convolution ", "deconv").replace("convolution ", "conv")


def _atrous(layer: str, role: str) -> str:
    block = re.match(r"block (\d+): (?:branch with dilation (\d)|.*)", role)
    if block:
        number, dilation = block.groups()
        return f"block{number}_dilation{dilation}" if dilation else f"block{number}_fuse"
    return {
        "first": "stem",
        "stride-2": "down",
        "transposed": "up",
        "3x3 convolution 256 to 64": "tail",
        "3x3 convolution 64 to 3, linear": "correction",
    }[role if role.startswith("3x3") else role.split()[0]]


def _kaist(layer: str, role: str) -> str:
    unit = re.match(r"(RDU|RUD)\((\d+)\) (\d+): (stride-2|transposed)", role)
    if unit:
        kind, width, number, operation = unit.groups()
        level = {"32": 1, "64": 2, "128": 3}[width]
        return f"{kind.lower()}{level}_{number}_" + ("up" if operation == "transposed" else "down")
    return {
        "first 5x5 convolution, 32": "stem",
        "1x1 convolution 32 to 64": "pool1_project",
        "1x1 convolution 64 to 128": "pool2_project",
        "1x1 convolution 192 to 64": "merge2",
        "image branch: 5x5, 64": "image1",
        "image branch: 1x1 convolution 96 to 32": "image_merge",
        "image branch: 5x5, 32": "image2",
        "residual image: 5x5 to 3, linear": "residual",
        "weight map w: 5x5 to 1, sigmoid": "weight",
        "kernel branch: 5x5, 64": "kernel1",
        "kernel branch: 5x5, 32, linear": "kernel2",
        "kernel branch: 5x5 to 25, linear": "kernels",
    }[role]


ROWS = (
    Row("identity", ("image", "video")),
    Row("carlo", ("tiny",), (("carlo", "image"),), _carlo),
    Row("kaist", ("tiny", "tiny-video"), (("kaist_image", "image"), ("kaist_video", "video")), _kaist),
    Row("atrous", ("tiny", "tiny-video"), (("atrous_cifar", "cifar10"), ("atrous_reds", "reds")), _atrous),
    Row("deblurgan", ("tiny",)),
    Row("deblurgan-lite", ("tiny",)),
    Row("fba", ("tiny",), (("fba", "paper"),), fba.layer_of),
    Row("fcn", ("tiny",), (("fcn", "exact"),), fcn.layer_of),
    Row("indexnet", ("tiny",), (("indexnet", "paper"),), indexnet.layer_of),
    Row("maxim", ("tiny",)),
    Row("refiner", ("tiny",)),
    Row("wiener", ("image",)),
    Row("unet1", ("tiny",), (("unet1", "paper"),), unet.layer_of_unet1),
    Row("unet2", ("tiny",), (("unet2", "paper"),), unet.layer_of_unet2),
    Row("unet3", ("tiny",), (("unet3", "paper"), ("unet3_bias", "biased")), unet.layer_of_unet3),
)
