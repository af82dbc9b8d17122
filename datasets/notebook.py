"""What a notebook shows of pairs: thumbnails, and a pair as a figure."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from common import notebook
from common.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from datasets.pairs import Pair

_SHOWN = 4


def pairs_html(title: str, items: Sequence[Pair]) -> str:
    """The first few pairs as thumbnails below a title."""
    rows = [_row(pair) for pair in items[:_SHOWN]]
    rest = len(items) - len(rows)
    more = f"<p>and {rest:,} more</p>" if rest > 0 else ""
    return f"<p><b>{html.escape(title)}</b></p>{notebook.table(rows, ('pair', 'blurry', 'sharp'), raw=True)}{more}"


def pair_html(pair: Pair) -> str:
    """One pair as thumbnails."""
    return notebook.table([_row(pair)], ("pair", "blurry", "sharp"), raw=True)


def pair_figure(pair: Pair) -> Figure:
    """A pair as a figure: the blurry image, or the middle one of three, beside the sharp one."""
    return notebook.figure(_pixels(pair), (f"{pair.name}, blurry", "sharp"))


def _pixels(pair: Pair) -> list[np.ndarray]:
    """The middle blurry and the middle sharp image."""
    return [frames[len(frames) // 2].read() for frames in (pair.blurry, pair.sharp)]


def _row(pair: Pair) -> list[str]:
    """Name and thumbnails; of images that cannot be read what is wrong with them."""
    try:
        images = [
            notebook.thumbnail(pixels, f"{pair.name}, {kind}")
            for pixels, kind in zip(_pixels(pair), ("blurry", "sharp"), strict=True)
        ]
    except InputError as error:
        images = [html.escape(str(error)), ""]
    return [html.escape(pair.name), *images]
