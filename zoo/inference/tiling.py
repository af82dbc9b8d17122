"""Large photographs tile by tile, so that a model's memory depends on the tile alone.

Tiles of `tile` pixels lie side by side; a model sees each with `overlap` pixels more on every side, reflected beyond
the border of the photograph. What it returns is cropped to the tile, or blended with its neighbours (Germer, Uelwer
and Harmeling, equations 8 and 9, whose damaged print is read so: a raised cosine over the `overlap` outer pixels of
what the model saw, one inside, divided by the sum of all weights).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zoo.errors import ZooError


@dataclass(frozen=True)
class Tiles:
    """How photographs are cut.

    >>> Tiles.of(640)
    Tiles(tile=640, overlap=160, blend=True)

    Attributes:
        tile: Side of the tiles in pixels.
        overlap: Pixels that are added on each side of a tile; 0 shows the model nothing around it.
        blend: Whether neighbours are blended where they overlap; otherwise each is cropped to its tile.

    Raises:
        ZooError: When the tile is under one pixel, or the overlap negative or larger than the tile.
    """

    tile: int
    overlap: int
    blend: bool = True

    def __post_init__(self) -> None:
        if self.tile < 1 or not 0 <= self.overlap <= self.tile:
            raise ZooError(
                f"tiles of {self.tile} with an overlap of {self.overlap} cannot be; take a tile of 1 or more and an "
                "overlap from 0 to the tile"
            )

    @classmethod
    def of(cls, tile: int | None, overlap: int | None = None, blend: bool = True) -> Tiles | None:
        """The tiles of a side, None for None; without a number the overlap is a quarter of the tile."""
        return None if tile is None else cls(tile, tile // 4 if overlap is None else overlap, blend)


def restore_tiles(image: np.ndarray, tiles: Tiles, run: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Restores a photograph tile by tile.

    Args:
        image: Float array (height, width, channels).
        tiles: How it is cut.
        run: Restores a piece (tile + 2 overlap, tile + 2 overlap, channels); the number of channels may change.

    Returns:
        float32 array (height, width, channels that `run` returns).
    """
    tile, overlap = tiles.tile, tiles.overlap
    height, width = image.shape[:2]
    starts = [range(0, side, tile) for side in (height, width)]
    around = [(overlap, overlap + len(own) * tile - side) for own, side in zip(starts, (height, width), strict=True)]
    padded = np.pad(image, [*around, (0, 0)], mode="reflect")
    seen = tile + 2 * overlap
    ramp = _ramp(tile, overlap) if tiles.blend else np.pad(np.ones(tile), overlap)
    weight = np.multiply.outer(ramp, ramp)[..., np.newaxis]
    total: np.ndarray | None = None
    for top, left in itertools.product(*starts):
        piece = run(padded[top : top + seen, left : left + seen])
        if total is None:
            # Twice the precision, so that a model that changes nothing gives back exactly what it got.
            total = np.zeros((*padded.shape[:2], piece.shape[-1]))
        total[top : top + seen, left : left + seen] += weight * piece
    assert total is not None
    # The weights of a place are a product of one number for its row and one for its column, and so are their sums.
    for axis, own in enumerate(starts):
        sums = np.zeros(padded.shape[axis])
        for start in own:
            sums[start : start + seen] += ramp
        total /= np.expand_dims(np.maximum(sums, np.finfo(float).tiny), [1 - axis, 2])
    return total[overlap : overlap + height, overlap : overlap + width].astype(np.float32)


def _ramp(tile: int, overlap: int) -> np.ndarray:
    """The weight of every row (or column) of a piece."""
    rise = (1 - np.cos(np.pi * (np.arange(overlap) + 0.5) / max(overlap, 1))) / 2
    return np.concatenate([rise, np.ones(tile), rise[::-1]])
