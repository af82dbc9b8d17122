"""What a notebook shows of an object: small images, tables, and figures of images side by side."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from common.pixels import to_eight_bits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_THUMBNAIL = 160
_WIDEST_INCHES = 16


def _colours(pixels: np.ndarray) -> np.ndarray:
    """An image (height, width) or (height, width, 1 or 3) of any type as uint8 RGB."""
    pixels = to_eight_bits(pixels if pixels.ndim == 3 else pixels[..., np.newaxis])
    return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels


def thumbnail(pixels: np.ndarray, title: str, side: int = _THUMBNAIL) -> str:
    """An image as HTML, at most so many pixels wide and high, its bytes inside."""
    from PIL import Image

    image = Image.fromarray(_colours(pixels))
    image.thumbnail((side, side))
    stream = BytesIO()
    image.save(stream, "JPEG", quality=85)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    words = html.escape(title, quote=True)
    return f'<img src="data:image/jpeg;base64,{data}" alt="{words}" title="{words}">'


def table(rows: Iterable[Sequence[Any]], head: Sequence[str] = (), raw: bool = False) -> str:
    """Rows of cells as an HTML table; with `raw` the cells are HTML already.

    >>> table([("a", "<b>")])
    '<table><tr><td>a</td><td>&lt;b&gt;</td></tr></table>'
    """

    def line(cells: Sequence[Any], tag: str) -> str:
        shown = (str(cell) if raw and tag == "td" else html.escape(str(cell)) for cell in cells)
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in shown) + "</tr>"

    top = line(head, "th") if head else ""
    return f"<table>{top}{''.join(line(row, 'td') for row in rows)}</table>"


def figure(images: Sequence[np.ndarray], titles: Sequence[str]) -> Figure:
    """Images of one size side by side, each with its title; a notebook shows it, `savefig` writes it.

    Args:
        images: (height, width), or (height, width, 1 or 3); uint8, uint16 or float in [0, 1].
        titles: One for each.
    """
    from matplotlib.figure import Figure

    class Panels(Figure):
        """A figure that notebooks show without pyplot."""

        def _repr_png_(self) -> bytes:
            stream = BytesIO()
            self.savefig(stream, format="png")
            return stream.getvalue()

    height, width = images[0].shape[:2]
    each = min(5.0, _WIDEST_INCHES / len(images))
    drawn = Panels(figsize=(each * len(images), each * height / width + 0.4), dpi=100, layout="constrained")
    for axes, image, title in zip(drawn.subplots(1, len(images), squeeze=False)[0], images, titles, strict=True):
        axes.imshow(_colours(image), interpolation="nearest")
        axes.set_title(title, fontsize="medium")
        axes.set_axis_off()
    return drawn
