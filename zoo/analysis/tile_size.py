"""Whole photographs or tiles, and how large: from the free memory and from what a model needs and sees.

A model's pass takes what its layers hold at once, times a factor for what the framework adds, measured on ten models
of this zoo (0.9 to 3.9 times, median 1.5). Half of the free memory is spent. It is the machine's memory that is asked
for: on an accelerator with less of its own, say the size of the tiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras

from common.memory import free_memory
from zoo.analysis.cost import cost_of, weights_size
from zoo.entries import identify
from zoo.errors import ZooError
from zoo.inference.batches import PIXELS_AT_ONCE
from zoo.inference.tiling import SeamlessTiles
from zoo.registry import spoken

DEFAULT_OVERLAP = 64
"""Pixels around a tile for a model whose receptive field is the whole image or is not known."""

LARGEST_TILE = 1024
"""Tiles beyond this size gain nothing: what is seen twice is a small share already."""

_SHARE_OF_FREE = 0.5
_FRAMEWORK = 3.0
# Float copies of the image and of the result, bytes per pixel.
_COPIES = 64
# No model of the zoo needs more, bytes per pixel; smaller images are restored whole without counting.
_MOST = 16_384
# Where the system does not tell what is free.
_ASSUMED_FREE = 4 * 2**30


@dataclass(frozen=True)
class Cut:
    """How a photograph is restored.

    Attributes:
        tiles: The tiles; None for the whole photograph at once.
        exact: Whether the result is that of the whole photograph.
    """

    tiles: SeamlessTiles | None
    exact: bool


def field_of_model(model: keras.Model) -> int | None:
    """The receptive field of a model as the registry has it, medians included.

    None for the whole image, and for a model whose number of weights is not its variant's: its options are others.
    """
    info, name = identify(model)
    variant = info.variant(name)
    if variant.receptive_field is None or model.count_params() != variant.parameters + variant.statistics:
        return None
    return variant.receptive_field + max(info.medians, default=1) - 1


def chosen_cut(
    model: keras.Model,
    height: int,
    width: int,
    tile: int | None = None,
    overlap: int | None = None,
    free: int | None = None,
) -> Cut:
    """Decides on tiles for a photograph.

    Args:
        model: The model.
        height: Height of the photograph.
        width: Width of the photograph.
        tile: Side of the tiles; None for what memory allows, the whole photograph if possible.
        overlap: What is seen around a tile; None for half of the receptive field, or `DEFAULT_OVERLAP`.
        free: Bytes of free memory; None to ask the system.

    Raises:
        ZooError: When the overlap is larger than the tile.
    """
    info, variant = identify(model)
    multiple = info.for_variant(variant).size_multiple
    field = field_of_model(model)
    needed = DEFAULT_OVERLAP if field is None else field // 2
    around = _up(needed if overlap is None else overlap, multiple)
    side = _up(tile, multiple) if tile is not None else _fitting(model, height, width, around, multiple, free)
    if side is None or (height <= side and width <= side):
        return Cut(None, True)
    if around > side:
        if overlap is not None or tile is None:
            raise ZooError(f"an overlap of {around} is larger than tiles of {side}; take larger tiles or less overlap")
        raise ZooError(
            f"tiles of {side} are too small for {spoken(model)}, which sees {needed} pixels around each; take --tile "
            f"{around} or more, or say --overlap"
        )
    exact = field is not None and around >= field // 2
    return Cut(SeamlessTiles(side, around, blend=not exact), exact)


def _fitting(model: keras.Model, height: int, width: int, overlap: int, multiple: int, free: int | None) -> int | None:
    """The side of the largest useful tile that memory allows; None for the whole photograph."""
    if free is None:
        free = free_memory()
    budget = _SHARE_OF_FREE * (_ASSUMED_FREE if free is None else free)
    if _MOST * height * width <= budget:
        return None
    budget -= weights_size(model)
    info, _ = identify(model)
    each = _COPIES + _FRAMEWORK * cost_of(model).alive
    # Grey models take the colours together as long as they are small.
    pixels = height * width if info.colour else max(height * width, min(PIXELS_AT_ONCE, 3 * height * width))
    if each * pixels <= budget:
        return None
    side = math.isqrt(max(int(budget / each), 0)) - 2 * overlap
    # Less than the overlap is worse than a risk: nearly all would be computed many times.
    return max(min(side, LARGEST_TILE) // multiple * multiple, overlap, multiple)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
