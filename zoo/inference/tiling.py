"""Large photographs tile by tile, so that a model's memory depends on the tile alone.

Tiles of `tile` pixels lie side by side; a model sees each with `overlap` pixels more on every side. There are two ways
to cut:

`Tiles`: what a model sees goes on, reflected, beyond the border of the photograph. What it returns is cropped to the
tile, or blended with its neighbours (Germer, Uelwer and Harmeling, equations 8 and 9, whose damaged print is read so: a
raised cosine over the `overlap` outer pixels of what the model saw, one inside, divided by the sum of all weights).

`SeamlessTiles`: what a model sees ends where the photograph ends. Where the overlap is as large as what decides a pixel
of the output, the tiles together are what the model makes of the whole photograph.

Rows of tiles are handed on as soon as they are done, so that nothing is kept of a photograph but one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from common.progress import Progress
from zoo.errors import ZooError


@dataclass(frozen=True)
class Window:
    """What a model sees of one axis of a photograph for one tile.

    Attributes:
        start: First pixel; negative beyond the border.
        weights: Weight of each pixel in the sum of all tiles, float64.
    """

    start: int
    weights: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """The pixels' numbers."""
        return np.arange(self.start, self.start + len(self.weights))

    def within(self, side: int) -> tuple[slice, slice]:
        """The part inside a photograph of that side: as pixels of the photograph, and as pixels of the window."""
        first, last = max(self.start, 0), min(self.start + len(self.weights), side)
        return slice(first, last), slice(first - self.start, last - self.start)


@dataclass(frozen=True)
class Tiles:
    """How photographs are cut, what is seen of them going on beyond their borders.

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

    seamless: ClassVar[bool] = False
    """Whether a photograph is brought to a size that the model takes before it is cut, and not every tile."""

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

    @classmethod
    def seen_as(cls, height: int, width: int) -> Tiles | None:
        """The tiles for a model that takes images of one size alone; None where that is no square.

        >>> Tiles.seen_as(256, 256)
        Tiles(tile=192, overlap=32, blend=True)
        """
        return None if height != width else cls(height - 2 * (height // 8), height // 8)

    @property
    def seen(self) -> int:
        """Side in pixels of what a model sees of a tile inside a large photograph."""
        return self.tile + 2 * self.overlap

    def windows(self, side: int) -> list[Window]:
        """What is seen of an axis of that many pixels, tile by tile."""
        ramp = _ramp(self.tile, self.overlap, self.overlap) if self.blend else np.pad(np.ones(self.tile), self.overlap)
        return [Window(start - self.overlap, ramp) for start in range(0, side, self.tile)]


class SeamlessTiles(Tiles):
    """How photographs are cut, what is seen of them ending at their borders.

    The windows of the outer tiles are moved inwards, so that all have one size; only a photograph that is smaller than
    a window has a smaller one.

    >>> [window.start for window in SeamlessTiles(64, 16).windows(160)]
    [0, 48, 64]
    """

    seamless = True

    def windows(self, side: int) -> list[Window]:
        """What is seen of an axis of that many pixels, tile by tile."""
        length = min(self.tile + 2 * self.overlap, side)
        windows = []
        for first in range(0, side, self.tile):
            last = min(first + self.tile, side)
            start = min(max(first - self.overlap, 0), side - length)
            before, after = first - start, start + length - last
            if self.blend:
                # A window fades over the overlap only, and not at the border of the photograph.
                fading = [min(margin, self.overlap) if inside else 0 for margin, inside in _sides(start, length, side)]
                weights = _ramp(length - sum(fading), *fading)
            else:
                weights = np.pad(np.ones(last - first), (before, after))
            windows.append(Window(start, weights))
        return windows


def restored_rows(
    size: tuple[int, int],
    windows: tuple[Sequence[Window], Sequence[Window]],
    restore: Callable[[np.ndarray, np.ndarray], np.ndarray],
    progress: Progress | None = None,
) -> Iterator[np.ndarray]:
    """Restores a photograph by rows of tiles and yields what is finished, from top to bottom.

    Args:
        size: Height and width of the photograph.
        windows: What is seen of its rows and of its columns.
        restore: Gives the restored piece (rows, columns, channels) of rows and columns with those numbers, which may
            be outside of the photograph.
        progress: Called with tiles done and in all.

    Yields:
        float64 arrays (some rows, width, channels); together they are the photograph.
    """
    (height, width), (rows, columns) = size, windows
    # The weights of a place are a product of one number for its row and one for its column, and so are their sums.
    sums = [_sums(own, side) for own, side in zip(windows, size, strict=True)]
    kept: np.ndarray | None = None
    finished = 0
    for number, row in enumerate(rows):
        inside, part = row.within(height)
        band: np.ndarray | None = None
        for place, column in enumerate(columns):
            piece = restore(row.seen, column.seen)
            if band is None:
                # Twice the precision, so that a model that changes nothing gives back exactly what it got.
                band = np.zeros((inside.stop - finished, width, piece.shape[-1]))
                if kept is not None:
                    band[: len(kept)] = kept
            across, share = column.within(width)
            weight = np.multiply.outer(row.weights[part], column.weights[share])[..., np.newaxis]
            band[inside.start - finished :, across] += weight * piece[part, share]
            if progress is not None:
                progress(number * len(columns) + place + 1, len(rows) * len(columns))
        assert band is not None
        following = max(rows[number + 1].start, 0) if number + 1 < len(rows) else height
        done, kept = band[: following - finished], band[following - finished :].copy()
        for axis, own in enumerate((sums[0][finished:following], sums[1])):
            done /= np.expand_dims(own, [1 - axis, 2])
        if len(done):
            yield done
        finished = following


def restore_tiles(image: np.ndarray, tiles: Tiles, run: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Restores a photograph tile by tile.

    Args:
        image: Float array (height, width, channels).
        tiles: How it is cut.
        run: Restores a piece (rows, columns, channels); the number of channels may change.

    Returns:
        float32 array (height, width, channels that `run` returns).
    """
    height, width = image.shape[:2]

    def piece(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return run(image[np.ix_(reflected(rows, height), reflected(columns, width))])

    bands = restored_rows((height, width), (tiles.windows(height), tiles.windows(width)), piece)
    return np.concatenate([band.astype(np.float32) for band in bands])


def reflected(indices: np.ndarray, side: int) -> np.ndarray:
    """Pixels' numbers with those beyond the border in place of what is there: reflected, the border not repeated.

    >>> reflected(np.arange(-2, 6), 4).tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    if side == 1:
        return np.zeros_like(indices)
    period = 2 * (side - 1)
    within = indices % period
    return np.minimum(within, period - within)


def _sides(start: int, length: int, side: int) -> list[tuple[int, bool]]:
    """For the left and the right end of a window: its distance from the border, and whether there is any."""
    return [(distance, distance > 0) for distance in (start, side - start - length)]


def _sums(windows: Sequence[Window], side: int) -> np.ndarray:
    """The sum of all windows' weights at each pixel of an axis."""
    sums = np.zeros(side)
    for window in windows:
        inside, part = window.within(side)
        sums[inside] += window.weights[part]
    return np.maximum(sums, np.finfo(float).tiny)


def _ramp(flat: int, rising: int, falling: int) -> np.ndarray:
    """Weights that rise by a raised cosine, are one, and fall again."""
    rise, fall = ((1 - np.cos(np.pi * (np.arange(n) + 0.5) / max(n, 1))) / 2 for n in (rising, falling))
    return np.concatenate([rise, np.ones(flat), fall[::-1]])
